/**
 * The level that a block is shown at. An item is at most one level deeper than the block above it: two people who
 * move an item and its parent at the same time can leave a greater gap in the markers. The markers stay as they are,
 * so that nothing is written which nobody did.
 */

import type { Node } from "prosemirror-model";

import { indentOf, isItem, kindOf, MAX_INDENT } from "./marker";
import { markerOf } from "./schema";

/** The level of a block below one that is shown at `above`; -1 where there is none above. */
export function levelBelow(node: Node, above: number): number {
  const marker = markerOf(node);
  const indent = indentOf(marker);
  return isItem(kindOf(marker)) ? Math.min(indent, levelLimit(above)) : indent;
}

/** The deepest level that an item has below a block that is shown at `above`. */
export function levelLimit(above: number): number {
  return Math.min(MAX_INDENT, above + 1);
}

/** The level that the block with this index is shown at; -1 for the one before the first. */
export function shownLevel(doc: Node, index: number): number {
  let level = -1;
  for (let i = 0; i <= index; i += 1) level = levelBelow(doc.child(i), level);
  return level;
}
