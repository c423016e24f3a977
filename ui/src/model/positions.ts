/** Places on the page, to and from ProseMirror's positions. */

import type { Node } from "prosemirror-model";

import type { Point } from "../bindings/Point";
import type { Selection } from "../bindings/Selection";

/** The ends of a selection, as positions of ProseMirror's. */
export interface Ends {
  anchor: number;
  head: number;
}

/** The position before the block with this index, or the end of the page. */
export function blockStart(doc: Node, index: number): number {
  if (index < 0 || index > doc.childCount) throw new RangeError(`The page has no block ${index}.`);
  if (index === doc.childCount) return doc.content.size;
  let position = 0;
  for (let i = 0; i < index; i += 1) position += doc.child(i).nodeSize;
  return position;
}

export function positionOf(doc: Node, point: Point): number {
  const size = doc.child(point.block).content.size;
  if (point.offset < 0 || point.offset > size) throw new RangeError(`Block ${point.block} has no offset ${point.offset}.`);
  return blockStart(doc, point.block) + 1 + point.offset;
}

/** The place of a position in a block's text. Between two blocks it has no place: that is the caller's to settle. */
export function pointOf(doc: Node, position: number): Point {
  const resolved = doc.resolve(position);
  if (resolved.depth === 0) throw new RangeError(`Position ${position} is between blocks.`);
  return { block: resolved.index(0), offset: resolved.parentOffset };
}

/** The places of a selection's ends; none where one is between blocks. */
export function selectionOf(doc: Node, { anchor, head }: Ends): Selection | null {
  if ([anchor, head].some((end) => doc.resolve(end).depth === 0)) return null;
  return { anchor: pointOf(doc, anchor), head: pointOf(doc, head) };
}

export function endsAt(doc: Node, { anchor, head }: Selection): Ends {
  return { anchor: positionOf(doc, anchor), head: positionOf(doc, head) };
}
