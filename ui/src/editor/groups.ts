/**
 * With which others each of the writer's transactions is undone: typing with what was typed before it, until the caret is
 * put elsewhere (or there is a pause, which the session sees); a command alone; a composition as one.
 */

import type { Transaction } from "prosemirror-state";
import { ReplaceStep } from "prosemirror-transform";

import type { Grouping } from "../bindings/Grouping";

const COMMAND = "inkfold-command";
const JOINED = "inkfold-joined";
/** What a person does at once and wants to take back at once, whatever it comes to. */
const AT_ONCE = new Set(["paste", "cut", "drop"]);

/** Marks a command that otherwise would look like typing. */
export function asCommand(tr: Transaction): Transaction {
  return tr.setMeta(COMMAND, true);
}

/** Marks what belongs to what was done before it, and is taken back with that. */
export function asJoined(tr: Transaction): Transaction {
  return tr.setMeta(JOINED, true);
}

export class Groups {
  /** Set where typing begins a group. */
  #fresh = true;
  #composition: "none" | "begun" | "going" = "none";

  /** The caret was put elsewhere, or something was undone: typing that follows doesn't belong to what came before. */
  part(): void {
    this.#fresh = true;
  }

  composition(begins: boolean): void {
    this.#composition = begins ? "begun" : "none";
  }

  /** The grouping of transactions that were applied as one. */
  of(transactions: readonly Transaction[]): Grouping {
    if (transactions.some((tr) => tr.getMeta(JOINED) === true)) return "joined";
    const isTyping = transactions.length === 1 && transactions.every(types);
    const grouping = this.#grouping(isTyping);
    this.#fresh = false;
    return grouping;
  }

  #grouping(isTyping: boolean): Grouping {
    if (this.#composition === "begun") {
      this.#composition = "going";
      return "step";
    }
    if (!isTyping) return "step";
    if (this.#composition === "going") return "joined";
    return this.#fresh ? "start" : "typing";
  }
}

/** Whether it is one stretch of text within a block in the place of another. */
function types(tr: Transaction): boolean {
  const [step, more] = tr.steps;
  const doc = tr.docs[0];
  if (!(step instanceof ReplaceStep) || more !== undefined || doc === undefined) return false;
  if (tr.getMeta(COMMAND) === true || AT_ONCE.has(String(tr.getMeta("uiEvent")))) return false;
  const $from = doc.resolve(step.from);
  return $from.depth === 1 && step.to <= $from.end() && step.slice.openStart === 0 && step.slice.openEnd === 0;
}
