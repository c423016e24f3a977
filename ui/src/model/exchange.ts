/**
 * The conversation about one open document. Each edit goes out at once, under a number of its own; what others
 * did comes in only at a barrier, when between the question and its answer the writer made no edit. So the
 * window never has to transform anything: what it shows is what the session has, at every barrier.
 *
 * An undo is done by the session and numbered like an edit. Its answer always counts, so until it is taken in nothing
 * else goes out: what the writer does meanwhile the page keeps back, and puts on top of it.
 */

import type { Change } from "../bindings/Change";
import type { Edit } from "../bindings/Edit";
import type { Failure } from "../bindings/Failure";
import type { Opened } from "../bindings/Opened";
import type { Patch } from "../bindings/Patch";
import type { Undo } from "../bindings/Undo";
import type { Undone } from "../bindings/Undone";
import { failureOf, type Host } from "../host/host";

/** Where this document's edits are: all durable, on their way, or refused and tried again. */
export type Saving = { state: "saved" } | { state: "saving" } | { state: "failing"; failure: Failure };

/** What the writer did in one transaction. */
export type Done = Pick<Edit, "changes" | "grouping" | "before" | "after">;

/** The page that a conversation is about. */
export interface Page {
  /** Takes a patch in, in one transaction; false where it doesn't fit, and the page must be opened again. */
  takeIn(patch: Patch): boolean;
  /** Takes in what an undo came to and hands over what was kept back meanwhile; false where it doesn't fit. */
  undone(undone: Undone): boolean;
  /** The session refuses what the writer did, and would refuse it again: the page must be opened again without it. */
  refused(): void;
  /** Whether something is under way that a patch would disturb: a composition, a drag. */
  busy(): boolean;
}

/** How long an answer is waited for that needs all edits durable first, before asking without them. */
const PATIENCE = 2_000;
/** How soon something that was busy is looked at again. */
const LOOK_AGAIN = 100;
const FIRST_RETRY = 500;
const LAST_RETRY = 15_000;

/**
 * Refusals that trying again doesn't change. Any other failure, an unknown one too, is tried again: to give an edit up
 * costs words.
 */
const LASTING = new Set(["change", "edit", "document-locked", "document-not-open", "no-document", "out-of-step"]);
/** How long, after a refusal, the answers that are still out are waited for. */
const LAST_ANSWERS = 5_000;

/** Both go out again after a failure, under the same number. */
type Pending = ({ edit: Edit } | { undo: Undo }) & { underWay: boolean };

export class Exchange {
  #patch: number;
  #counter = 0;
  /** Edits that aren't known to be durable and an undo that isn't answered, in order. */
  #pending: Pending[] = [];
  /** Set from an undo's question until its answer is taken in. */
  #undoing = false;
  /** The answer, while the page can't take it in. */
  #undone: Undone | null = null;
  #failure: Failure | null = null;
  /** Why nothing more is sent or asked for. */
  #refusal: Failure | null = null;
  #given = false;
  #retryAfter = FIRST_RETRY;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** Set while the session has something that this page lacks; the time since when it is waited for. */
  #newerSince: number | null = null;
  #asking = false;
  /** Set when something newer was told of while a question was under way, which its answer may not know of. */
  #newerAgain = false;
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  #undoneTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #drained: (() => void)[] = [];

  constructor(
    private readonly host: Host,
    readonly document: string,
    opened: Pick<Opened, "patch">,
    private readonly page: Page,
    private readonly onSaving: (saving: Saving) => void = () => {},
  ) {
    this.#patch = opened.patch;
  }

  get saving(): Saving {
    // What was given up is safe nowhere but with the writer, who is told of it in another way.
    if (this.#given) return { state: "saved" };
    if (this.#failure !== null) return { state: "failing", failure: this.#failure };
    return { state: this.#isDrained ? "saved" : "saving" };
  }

  /** Whether an undo is out: what the writer does on the page is kept back until its answer is taken in. */
  get undoing(): boolean {
    return this.#undoing;
  }

  /** The number of the last patch taken in, and of the last edit made. */
  get version(): { patch: number; counter: number } {
    return { patch: this.#patch, counter: this.#counter };
  }

  /** What the session refused, and what the writer did after it on this page. */
  get lost(): Change[] {
    return this.#given ? this.#pending.flatMap((pending) => ("edit" in pending ? pending.edit.changes : [])) : [];
  }

  /** Sends what the writer did in one transaction. */
  edited(done: Done): void {
    if (done.changes.length > 0) this.#edit(done);
  }

  /** Has the session take back what the writer did last, or do it again. */
  undo(redo: boolean): void {
    if (this.#refusal !== null) return;
    this.#undoing = true;
    this.#counter += 1;
    this.#push({ undo: { document: this.document, patch: this.#patch, counter: this.#counter, redo }, underWay: false });
  }

  #edit(done: Done): void {
    this.#counter += 1;
    this.#push({ edit: { document: this.document, patch: this.#patch, counter: this.#counter, ...done }, underWay: false });
  }

  #push(pending: Pending): void {
    this.#pending.push(pending);
    // After a failure nothing overtakes what is tried again.
    if (this.#failure === null && this.#refusal === null) void this.#send(pending);
    this.#report();
  }

  /** The session has something newer than this page. */
  newer(): void {
    this.#newerSince ??= Date.now();
    this.#newerAgain = true;
    this.settle();
  }

  /** Asks for what is newer if a barrier may be reached now; called whenever something that stood in its way ends. */
  settle(): void {
    if (this.#undoing) {
      this.#takeUndone();
      return;
    }
    if (this.#closed || this.#newerSince === null || this.#asking) return;
    clearTimeout(this.#askTimer);
    if (this.#failure !== null) return;
    const waited = Date.now() - this.#newerSince;
    if (this.page.busy()) {
      this.#askTimer = setTimeout(() => this.settle(), LOOK_AGAIN);
    } else if (this.#pending.length > 0 && waited < PATIENCE) {
      this.#askTimer = setTimeout(() => this.settle(), PATIENCE - waited);
    } else {
      void this.#ask();
    }
  }

  /** Resolves when everything done so far is durable. */
  drained(): Promise<void> {
    if (this.#isDrained || this.#given) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  get #isDrained(): boolean {
    return this.#pending.length === 0 && !this.#undoing;
  }

  /** Asks for nothing more. Edits that are not durable yet still go on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#askTimer);
  }

  async #send(pending: Pending): Promise<boolean> {
    pending.underWay = true;
    try {
      if ("edit" in pending) await this.host.edit(pending.edit);
      else this.#undone = await this.host.undo(pending.undo);
    } catch (error) {
      pending.underWay = false;
      const failure = failureOf(error);
      if (this.#refusal !== null || LASTING.has(failure.code)) this.#refuse(failure);
      else this.#failed(failure);
      return false;
    }
    this.#pending = this.#pending.filter((other) => other !== pending);
    if (this.#refusal !== null) this.#giveUp();
    this.#takeUndone();
    if (this.#isDrained) for (const resolve of this.#drained.splice(0)) resolve();
    this.#report();
    if (this.#isDrained) this.settle();
    return true;
  }

  /** Has the page take in what an undo came to, as soon as nothing is under way there that it would disturb. */
  #takeUndone(): void {
    const undone = this.#undone;
    if (undone === null || this.#refusal !== null) return;
    clearTimeout(this.#undoneTimer);
    if (this.page.busy()) {
      this.#undoneTimer = setTimeout(() => this.#takeUndone(), LOOK_AGAIN);
      return;
    }
    this.#undone = null;
    this.#undoing = false;
    this.#patch = undone.patch?.number ?? this.#patch;
    const counter = this.#counter;
    if (!this.page.undone(undone)) {
      this.#refuse({ code: "out-of-step", message: "What an undo came to does not fit the page." });
    } else if (this.#counter === counter) {
      // That an undo is answered doesn't say that it is durable; the answer to an edit does, also to one of nothing.
      this.#edit({ changes: [], grouping: "joined", before: null, after: null });
    }
  }

  #refuse(failure: Failure): void {
    if (this.#refusal === null) {
      this.#refusal = failure;
      this.close();
      clearTimeout(this.#retryTimer);
      setTimeout(() => this.#giveUp(true), LAST_ANSWERS);
    }
    this.#giveUp();
  }

  /** What was sent before the refused edit may still become durable; the rest is lost to this page. */
  #giveUp(now = false): void {
    if (this.#refusal === null || this.#given || (!now && this.#pending.some(({ underWay }) => underWay))) return;
    this.#given = true;
    this.#undoing = false;
    this.#failure = null;
    for (const resolve of this.#drained.splice(0)) resolve();
    this.#report();
    this.page.refused();
  }

  #failed(failure: Failure): void {
    this.#failure = failure;
    this.#report();
    if (this.#retryTimer !== undefined) return;
    this.#retryTimer = setTimeout(() => void this.#retry(), this.#retryAfter);
    this.#retryAfter = Math.min(LAST_RETRY, this.#retryAfter * 2);
  }

  /** Tries what failed again, one after the other, in the order in which they were made. */
  async #retry(): Promise<void> {
    this.#retryTimer = undefined;
    for (;;) {
      const next = this.#pending[0];
      if (next === undefined) break;
      if (next.underWay) {
        // Something sent before the failure has not been answered; its answer decides how to go on.
        this.#retryTimer = setTimeout(() => void this.#retry(), LOOK_AGAIN);
        return;
      }
      if (!(await this.#send(next))) return;
    }
    this.#failure = null;
    this.#retryAfter = FIRST_RETRY;
    this.#report();
    this.settle();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    this.#newerAgain = false;
    const { patch, counter } = this.version;
    let answer: Patch | null;
    try {
      answer = await this.host.nextPatch(this.document, patch, counter);
    } catch (error) {
      this.#asking = false;
      const failure = failureOf(error);
      if (LASTING.has(failure.code)) return this.#refuse(failure);
      // The question is asked again; the page stays as it is, and nothing of the writer's hangs on it.
      this.#askTimer = setTimeout(() => this.settle(), FIRST_RETRY);
      return;
    }
    this.#asking = false;
    if (this.#closed) return;
    if (this.#counter !== counter || this.page.busy()) {
      // The writer went on meanwhile: the answer fits a page that is no more. Its number is never used, which
      // tells the session that it was dropped.
      this.settle();
      return;
    }
    if (answer === null) {
      this.#newerSince = this.#newerAgain ? Date.now() : null;
      this.settle();
      return;
    }
    this.#patch = answer.number;
    if (!this.page.takeIn(answer)) {
      // What the writer does until the page is opened again stands on the page without this patch.
      this.#patch = patch;
      this.close();
      return;
    }
    // There may be more: patches of a long absence come in slices.
    this.#newerSince = Date.now();
    this.settle();
  }

  #report(): void {
    this.onSaving(this.saving);
  }
}
