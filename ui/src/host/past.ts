/**
 * What the twin's writer can take back, as the session keeps it, but with what an editor has: inverted steps, mapped
 * over whatever came after them. So it takes back own steps only, and what others did stays.
 */

import type { Node } from "prosemirror-model";
import { Mapping, Transform, type Step, type StepMap } from "prosemirror-transform";

import type { Block } from "../bindings/Block";
import type { Change } from "../bindings/Change";
import type { Edit } from "../bindings/Edit";
import type { Selection } from "../bindings/Selection";
import { blockNode, toDoc } from "../model/blocks";
import { captureStep } from "../model/capture";
import { marker } from "../model/marker";
import { endsAt, selectionOf, type Ends } from "../model/positions";
import { projectChange } from "../model/project";

/** Typing that pauses for so many milliseconds begins a new group. */
const PAUSE = 1_000;

/** A selection, and how many steps there had been. */
type Spot = Ends & { at: number };

interface Group {
  /** What takes each step back, and the step's number. */
  inverses: { step: Step; at: number }[];
  before: Spot | null;
  after: Spot | null;
}

/**
 * The way from a page to the present one. What a step took away is there again once a later one has taken that
 * step back; ProseMirror's own mapping knows only one such mirror a step, and here each may be taken back in turn.
 */
class Way extends Mapping {
  readonly #later = new Map<number, number>();

  constructor(steps: readonly Stepped[], from: number) {
    super();
    steps.slice(from).forEach(({ map, takesBack }, index) => {
      const mirrored = takesBack === null || takesBack < from ? undefined : takesBack - from;
      this.appendMap(map, mirrored);
      if (mirrored !== undefined) this.#later.set(mirrored, index);
    });
  }

  override getMirror(index: number): number | undefined {
    return this.#later.get(index);
  }
}

interface Stepped {
  map: StepMap;
  /** The number of the step that this one takes back. */
  takesBack: number | null;
}

export class Past {
  #doc: Node;
  /** All steps there have been. */
  readonly #steps: Stepped[] = [];
  readonly #done: Group[] = [];
  #undone: Group[] = [];
  #open = false;
  #time = 0;

  constructor(blocks: readonly Block[]) {
    this.#doc = toDoc(blocks);
  }

  get turns(): { undo: boolean; redo: boolean } {
    return { undo: this.#done.length > 0, redo: this.#undone.length > 0 };
  }

  edited({ changes, grouping, before, after }: Edit): void {
    if (changes.length === 0) return;
    const now = Date.now();
    const last = this.#done.at(-1);
    const goesOn = grouping === "typing" ? this.#open && now - this.#time < PAUSE : grouping === "joined" && this.#undone.length === 0;
    const group = (goesOn ? last : undefined) ?? { inverses: [], before: this.#spot(before), after: null };
    if (group !== last) {
      this.#done.push(group);
      this.#undone = [];
      this.#open = grouping === "typing" || grouping === "start";
    }
    this.#time = now;
    group.inverses.push(...this.#apply(changes));
    group.after = this.#spot(after);
  }

  remotely(changes: readonly Change[]): void {
    this.#apply(changes);
  }

  /** Takes back the last group that leaves a trace, or does it again. */
  turn(redo: boolean): { changes: Change[]; selection: Selection | null } {
    const [from, to] = redo ? [this.#undone, this.#done] : [this.#done, this.#undone];
    this.#open = false;
    for (;;) {
      const group = from.pop();
      if (group === undefined) return { changes: [], selection: null };
      const back: Group = { inverses: [], before: group.after, after: group.before };
      const changes = [...group.inverses].reverse().flatMap(({ step, at }) => this.#takeBack(step, at, back));
      if (changes.length === 0) continue;
      to.push(back);
      return { changes, selection: this.#place(group.before) };
    }
  }

  #takeBack(inverse: Step, at: number, back: Group): Change[] {
    const step = inverse.map(new Way(this.#steps, at + 1));
    const doc = this.#doc;
    const result = step?.apply(doc);
    if (!step || !result?.doc) return [];
    this.#doc = result.doc;
    back.inverses.push({ step: step.invert(doc), at: this.#steps.length });
    this.#steps.push({ map: step.getMap(), takesBack: at });
    return captureStep(step, doc);
  }

  #apply(changes: readonly Change[]): Group["inverses"] {
    const made = new Transform(this.#doc);
    // Where no block is left, the page shows a paragraph that is nobody's until somebody writes.
    if (this.#doc.childCount === 0) made.insert(0, blockNode(marker("paragraph")));
    for (const change of changes) projectChange(made, change);
    this.#doc = made.doc;
    return made.steps.map((step, index) => {
      this.#steps.push({ map: step.getMap(), takesBack: null });
      return { step: step.invert(made.docs[index] ?? made.before), at: this.#steps.length - 1 };
    });
  }

  #spot(selection: Selection | null): Spot | null {
    if (selection === null || this.#doc.childCount === 0) return null;
    return { ...endsAt(this.#doc, selection), at: this.#steps.length };
  }

  #place(spot: Spot | null): Selection | null {
    if (spot === null) return null;
    const way = new Way(this.#steps, spot.at);
    return selectionOf(this.#doc, { anchor: way.map(spot.anchor), head: way.map(spot.head) });
  }
}
