/**
 * What the writer did on the page, as it is sent; and what of it is held while an undo is out. That stands on a page
 * without the undo, so when the answer comes it is taken back, and put on top of what the undo changed.
 */

import { Selection, TextSelection, type EditorState, type Transaction } from "prosemirror-state";
import { Mapping, replaceStep, ReplaceStep, type Mappable, type Step } from "prosemirror-transform";
import type { Node } from "prosemirror-model";

import type { Change } from "../bindings/Change";
import type { Grouping } from "../bindings/Grouping";
import { captureSteps, stepsOf, type Made } from "./capture";
import type { Done } from "./exchange";
import { selectionOf, type Ends } from "./positions";
import { projectChange } from "./project";

/** One transaction of the writer's, with the selection before and after it. */
export interface Local {
  steps: readonly Made[];
  /** The page after it. */
  doc: Node;
  grouping: Grouping;
  before: Ends;
  after: Ends;
}

/** Something that waits for the answer to an undo: more writing, or another undo. */
export type Held = Local | { redo: boolean };

export function localOf(before: EditorState, transactions: readonly Transaction[], after: EditorState, grouping: Grouping): Local {
  return { steps: stepsOf(transactions), doc: after.doc, grouping, before: endsOf(before), after: endsOf(after) };
}

function endsOf({ selection: { anchor, head } }: EditorState): Ends {
  return { anchor, head };
}

export function toDone({ steps, doc, grouping, before, after }: Local): Done {
  return {
    changes: captureSteps(steps),
    grouping,
    before: selectionOf(steps[0]?.doc ?? doc, before),
    after: selectionOf(doc, after),
  };
}

/**
 * Has a transaction lead from the page with what is held to the page with these changes and what is held on top of them, with
 * the selection where it was among it. Gives what is held as it stands then.
 */
export function rebase(tr: Transaction, held: readonly Held[], changes: readonly Change[]): Held[] {
  const { anchor, head } = tr.selection;
  const made = held.flatMap((item) => ("redo" in item ? [] : item.steps));
  for (const { step, doc } of [...made].reverse()) tr.step(step.invert(doc));
  for (const change of changes) projectChange(tr, change);

  const mapping = new Mapping([...tr.mapping.maps]);
  /** How many of the steps have not been done again; the inverses of those are the mapping's first. */
  let left = made.length;
  /** Where the last step's text ends, if it had to be put elsewhere. */
  let tail: number | null = null;
  const again = (step: Step): Made[] => {
    const doc = tr.doc;
    const way = mapping.slice(left);
    left -= 1;
    const mapped = step.map(way);
    if (mapped !== null && tr.maybeStep(mapped).failed === null) {
      mapping.appendMap(mapped.getMap(), left);
      tail = null;
      return [{ step: mapped, doc }];
    }
    if (!(step instanceof ReplaceStep) || step.slice.size === 0) return [];
    // What was written into has gone. The writing stays all the same, as near as may be.
    const near = tail ?? Selection.near(doc.resolve(way.map(step.from)), -1).head;
    const kept = replaceStep(doc, near, near, step.slice);
    if (kept === null || tr.maybeStep(kept).failed !== null) return [];
    mapping.appendMap(kept.getMap());
    tail = kept.getMap().map(near);
    return [{ step: kept, doc }];
  };
  const moved = held.map((item): Held => {
    if ("redo" in item) return item;
    const before = mapEnds(item.before, mapping.slice(left));
    const steps = item.steps.flatMap(({ step }) => again(step));
    return { ...item, steps, doc: tr.doc, before, after: mapEnds(item.after, mapping.slice(left)) };
  });
  const selection = tail === null ? mapEnds({ anchor, head }, mapping) : { anchor: tail, head: tail };
  tr.setSelection(TextSelection.between(tr.doc.resolve(selection.anchor), tr.doc.resolve(selection.head)));
  return moved;
}

function mapEnds({ anchor, head }: Ends, mapping: Mappable): Ends {
  return { anchor: mapping.map(anchor), head: mapping.map(head) };
}
