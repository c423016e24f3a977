/**
 * What the writer did, as changes of the wire, read off the steps of committed transactions. Never found by
 * comparing documents: that would take a block whose kind changed for a new one, and lose what others do in it.
 */

import type { Node, Slice } from "prosemirror-model";
import type { Transaction } from "prosemirror-state";
import { AddMarkStep, AttrStep, RemoveMarkStep, ReplaceAroundStep, ReplaceStep, type Step } from "prosemirror-transform";

import type { Change } from "../bindings/Change";
import type { Inline } from "../bindings/Inline";
import type { Point } from "../bindings/Point";
import type { Value } from "../bindings/Value";
import { textLength } from "./apply";
import { blockNode, toBlock, toInlines, wireMark } from "./blocks";
import { marker, markerDiff, type Marker } from "./marker";
import { pointOf } from "./positions";
import { isPatch } from "./project";
import { markerOf } from "./schema";
import { SetStep } from "./set";

/** A step, and the page that it was made on. */
export interface Made {
  step: Step;
  doc: Node;
}

/** The steps of these transactions, in order; those that brought a patch in are passed over. */
export function stepsOf(transactions: readonly Transaction[]): Made[] {
  return transactions.filter((tr) => !isPatch(tr)).flatMap((tr) =>
    tr.steps.flatMap((step, index) => {
      const doc = tr.docs[index];
      return doc === undefined ? [] : [{ step, doc }];
    }),
  );
}

export function captureSteps(steps: readonly Made[]): Change[] {
  return tidyChanges(steps.flatMap(({ step, doc }) => captureStep(step, doc)));
}

export function captureChanges(transactions: readonly Transaction[]): Change[] {
  return captureSteps(stepsOf(transactions));
}

export function captureStep(step: Step, doc: Node): Change[] {
  if (step instanceof SetStep) {
    return [{ type: "set", block: doc.resolve(step.position).index(0), attrs: step.change }];
  }
  if (step instanceof ReplaceStep) return captureReplace(doc, step.from, step.to, step.slice);
  if (step instanceof ReplaceAroundStep) return captureAround(doc, step);
  if (step instanceof AddMarkStep || step instanceof RemoveMarkStep) {
    const { key, value } = wireMark(step.mark);
    return captureMark(doc, step.from, step.to, key, step instanceof AddMarkStep ? value : null);
  }
  // The inverse of a mark over uneven text is several mark steps in one, of a class that ProseMirror keeps to itself.
  // None of them moves anything, so each is read against the same page.
  if ("steps" in step && Array.isArray(step.steps)) {
    return step.steps.flatMap((part: Step) => captureStep(part, doc));
  }
  if (step instanceof AttrStep && step.attr === "marker") {
    return captureSet(doc, step.pos, step.value as Marker);
  }
  throw new TypeError(`The editor made a step that has no meaning on the wire: ${JSON.stringify(step.toJSON())}`);
}

function captureSet(doc: Node, position: number, after: Marker): Change[] {
  const node = doc.nodeAt(position);
  if (node === null) throw new RangeError("There is no block to set.");
  const attrs = markerDiff(markerOf(node), after);
  return Object.keys(attrs).length === 0 ? [] : [{ type: "set", block: doc.resolve(position).index(0), attrs }];
}

function captureMark(doc: Node, from: number, to: number, key: string, value: Value | null): Change[] {
  const [start, end] = [textPoint(doc, from, 1), textPoint(doc, to, -1)];
  if (start === null || end === null || !before(start, end)) return [];
  return [{ type: "mark", from: start, to: end, key, value }];
}

/** The place of a position, moved into the text after it (1) or before it (-1) if it is between blocks. */
function textPoint(doc: Node, position: number, side: 1 | -1): Point | null {
  const resolved = doc.resolve(position);
  if (resolved.depth > 0) return pointOf(doc, position);
  const block = side === 1 ? resolved.index(0) : resolved.index(0) - 1;
  if (block < 0 || block >= doc.childCount) return null;
  return { block, offset: side === 1 ? 0 : doc.child(block).content.size };
}

function before(a: Point, b: Point): boolean {
  return a.block < b.block || (a.block === b.block && a.offset < b.offset);
}

function captureAround(doc: Node, step: ReplaceAroundStep): Change[] {
  const { from, to, gapFrom, gapTo, slice, insert } = step;
  const only = slice.content.firstChild;
  const resolved = doc.resolve(from);
  const marksUpOneBlock =
    resolved.depth === 0 &&
    resolved.nodeAfter !== null &&
    to === from + resolved.nodeAfter.nodeSize &&
    gapFrom === from + 1 &&
    gapTo === to - 1 &&
    insert === 1 &&
    slice.content.childCount === 1 &&
    only?.content.size === 0;
  if (marksUpOneBlock && only) return captureSet(doc, from, markerOf(only));
  // Any other step of this kind is what it leads to: the same stretch, cut out of the page after it.
  const after = step.apply(doc).doc;
  if (after === null) throw new RangeError("The step does not fit the page.");
  return captureReplace(doc, from, to, after.slice(from, from + slice.size + gapTo - gapFrom));
}

function captureReplace(doc: Node, from: number, to: number, slice: Slice): Change[] {
  const [$from, $to] = [doc.resolve(from), doc.resolve(to)];
  const [start, end] = [$from.index(0), $to.index(0)];
  const nodes = children(slice);

  if ($from.depth === 1 && $to.depth === 1) {
    const [a, b] = [pointOf(doc, from), pointOf(doc, to)];
    if (slice.openStart === 0) return splice(doc, a, b, toInlines(slice.content));
    const [first, last] = [nodes[0], nodes.at(-1)];
    if (first === undefined || last === undefined) return splice(doc, a, b, []);
    const head = toInlines(first.content);
    if (nodes.length === 1) return splice(doc, a, b, head);
    // The first block keeps its marker and takes the head; what stood after the range goes on in a new block
    // with the last one's marker; the ones between come in whole.
    const at = { block: a.block, offset: a.offset + textLength(head) };
    const middle = nodes.slice(1, -1);
    const tail = { block: a.block + 1 + middle.length, offset: 0 };
    return [
      ...splice(doc, a, b, head),
      { type: "split", at, attrs: { ...markerOf(last) } },
      ...insert(a.block + 1, middle),
      ...filled(tail, toInlines(last.content)),
    ];
  }

  if ($from.depth === 1) {
    // From within a block up to a boundary: the head stays with its block, the rest comes in whole.
    const a = pointOf(doc, from);
    const rest = nodes.slice(1);
    const endOfBlock = { block: a.block, offset: doc.child(a.block).content.size };
    return [
      ...splice(doc, a, endOfBlock, nodes[0] ? toInlines(nodes[0].content) : []),
      ...insert(start + 1, rest),
      ...remove(start + 1 + rest.length, end - start - 1),
    ];
  }

  if ($to.depth === 1) {
    // From a boundary into a block: that block goes on, with the marker and the text that now come first in it.
    const b = pointOf(doc, to);
    const last = nodes.at(-1);
    const whole = nodes.slice(0, -1);
    const block = start + whole.length;
    const kept = doc.child(b.block);
    const attrs = last ? markerDiff(markerOf(kept), markerOf(last)) : {};
    const head = last ? toInlines(last.content) : [];
    return [
      ...insert(start, whole),
      ...remove(block, end - start),
      ...(b.offset > 0 || head.length > 0
        ? [{ type: "splice" as const, from: { block, offset: 0 }, to: { block, offset: b.offset }, insert: head }]
        : []),
      ...(Object.keys(attrs).length > 0 ? [{ type: "set" as const, block, attrs }] : []),
    ];
  }

  // Whole blocks for whole blocks. The new ones come first, so that the page is never without a block: what leaves
  // none leaves an empty paragraph, and what goes into a page without one takes that paragraph's place.
  if (doc.childCount === 0) return captureFill(nodes);
  const [whole, at] = nodes.length === 0 && end - start === doc.childCount ? [[blockNode(marker("paragraph"))], end] : [nodes, start];
  return [...insert(at, whole), ...remove(at === start ? start + whole.length : start, end - start)];
}

function captureFill(nodes: readonly Node[]): Change[] {
  const only = nodes.length === 1 ? nodes[0] : undefined;
  const isEmptyParagraph = only?.content.size === 0 && Object.keys(markerDiff(marker("paragraph"), markerOf(only))).length === 0;
  return nodes.length === 0 || isEmptyParagraph ? [] : [...insert(0, nodes), ...remove(nodes.length, 1)];
}

function children(slice: Slice): Node[] {
  const nodes: Node[] = [];
  slice.content.forEach((node) => nodes.push(node));
  return nodes;
}

function splice(doc: Node, from: Point, to: Point, insert: Inline[]): Change[] {
  if (insert.length === 0) {
    if (!before(from, to)) return [];
    const boundaryOnly = to.block === from.block + 1 && to.offset === 0 && from.offset === doc.child(from.block).content.size;
    if (boundaryOnly) return [{ type: "join", block: to.block }];
  }
  return [{ type: "splice", from, to, insert }];
}

function filled(at: Point, content: Inline[]): Change[] {
  return content.length === 0 ? [] : [{ type: "splice", from: at, to: at, insert: content }];
}

function insert(block: number, nodes: readonly Node[]): Change[] {
  return nodes.length === 0 ? [] : [{ type: "insert", block, blocks: nodes.map(toBlock) }];
}

function remove(block: number, count: number): Change[] {
  return count <= 0 ? [] : [{ type: "remove", block, count }];
}

/** Leaves out a mark's removal where the same key is set on the same range at once. */
function tidyChanges(changes: readonly Change[]): Change[] {
  return changes.filter((change, index) => {
    const next = changes[index + 1];
    return !(
      change.type === "mark" &&
      change.value === null &&
      next?.type === "mark" &&
      next.key === change.key &&
      next.value !== null &&
      samePoint(next.from, change.from) &&
      samePoint(next.to, change.to)
    );
  });
}

function samePoint(a: Point, b: Point): boolean {
  return a.block === b.block && a.offset === b.offset;
}
