/**
 * What others did, as steps of one transaction: the page is changed where they changed it and nowhere else, so
 * that caret, selection and scroll stay with the text they are in.
 */

import { Fragment, Slice, type Mark } from "prosemirror-model";
import type { EditorState, Transaction } from "prosemirror-state";
import { AddMarkStep, RemoveMarkStep, ReplaceStep, type Transform } from "prosemirror-transform";

import type { Change } from "../bindings/Change";
import { definedOnly } from "./apply";
import { blockNode, markFor, toFragment, toNode, wireMark } from "./blocks";
import { blockStart, positionOf } from "./positions";
import { setMarker } from "./set";

const PATCH = "inkfold-patch";

/** Whether a transaction brought in what the session has already, or follows from one: it is never sent back. */
export function isPatch(tr: Transaction): boolean {
  const root = tr.getMeta("appendedTransaction") as Transaction | undefined;
  return tr.getMeta(PATCH) === true || root?.getMeta(PATCH) === true;
}

export function asPatch(tr: Transaction): Transaction {
  return tr.setMeta(PATCH, true);
}

export function patchTransaction(state: EditorState, changes: readonly Change[]): Transaction {
  const tr = state.tr;
  for (const change of changes) projectChange(tr, change);
  return asPatch(tr);
}

export function projectChange(tr: Transform, change: Change): void {
  const doc = tr.doc;
  switch (change.type) {
    case "splice":
      replace(tr, positionOf(doc, change.from), positionOf(doc, change.to), new Slice(toFragment(change.insert), 0, 0));
      break;
    case "split": {
      const halves = Fragment.from([doc.child(change.at.block).copy(Fragment.empty), blockNode(change.attrs)]);
      const at = positionOf(doc, change.at);
      replace(tr, at, at, new Slice(halves, 1, 1));
      break;
    }
    case "join": {
      const boundary = blockStart(doc, change.block);
      replace(tr, boundary - 1, boundary + 1, Slice.empty);
      break;
    }
    case "insert": {
      const at = blockStart(doc, change.block);
      replace(tr, at, at, new Slice(Fragment.from(change.blocks.map(toNode)), 0, 0));
      break;
    }
    case "remove":
      replace(tr, blockStart(doc, change.block), blockStart(doc, change.block + change.count), Slice.empty);
      break;
    case "set":
      setMarker(tr, blockStart(doc, change.block), definedOnly(change.attrs));
      break;
    case "mark": {
      const [from, to] = [positionOf(doc, change.from), positionOf(doc, change.to)];
      const value = change.value;
      const set = value === null ? null : markFor(change.key, value);
      for (const mark of marksOfKey(tr, from, to, change.key)) {
        if (set === null || !mark.eq(set)) tr.step(new RemoveMarkStep(from, to, mark));
      }
      if (set !== null) tr.step(new AddMarkStep(from, to, set));
      break;
    }
  }
}

function replace(tr: Transform, from: number, to: number, slice: Slice): void {
  if (from !== to || slice.size > 0) tr.step(new ReplaceStep(from, to, slice));
}

function marksOfKey(tr: Transform, from: number, to: number, key: string): Mark[] {
  const found: Mark[] = [];
  tr.doc.nodesBetween(from, to, (node) => {
    for (const mark of node.marks) {
      if (wireMark(mark).key === key && !found.some((other) => other.eq(mark))) found.push(mark);
    }
  });
  return found;
}
