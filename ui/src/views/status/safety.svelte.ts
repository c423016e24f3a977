/**
 * Whether the words are safe. What the session said of them before the last edit is old news: after each time
 * that all edits have become durable it is asked anew, and until it answers the words count as being saved.
 */

import type { Failure } from "../../bindings/Failure";
import type { Status } from "../../bindings/Status";
import type { Host } from "../../host";
import type { Saving } from "../../model/exchange";

export interface Watch {
  status(status: Status): void;
  /** Asks the person whether to close the window although words would be lost. */
  leave(): Promise<boolean>;
}

export class Safety {
  /** What isn't durable, by document. */
  readonly #open = new Map<string, Saving>();
  /** *saving* or *notSaved*; null where the session's own word holds. */
  state: "saving" | "notSaved" | null = $state(null);
  failure: Failure | null = $state(null);
  #asked = 0;
  #release: Promise<() => void> | null = null;

  constructor(
    private readonly host: Host,
    private readonly watch: Watch,
  ) {}

  report(what: string, saving: Saving): void {
    if (saving.state === "saved") this.#open.delete(what);
    else this.#open.set(what, saving);
    this.#asked += 1;
    const failing = [...this.#open.values()].find((other) => other.state === "failing");
    this.failure = failing?.state === "failing" ? failing.failure : null;
    if (failing) this.state = "notSaved";
    else if (this.#open.size > 0) this.state = "saving";
    else if (this.state !== null) void this.#confirm(this.#asked);
    this.#guardWindow(failing !== undefined);
  }

  async #confirm(asked: number): Promise<void> {
    this.state = "saving";
    const status = await this.host.status().catch(() => null);
    if (asked !== this.#asked) return;
    if (status !== null) this.watch.status(status);
    this.state = null;
  }

  /** The window's close button is only held while closing would lose words. */
  #guardWindow(guard: boolean): void {
    if (guard && this.#release === null) {
      this.#release = this.host.holdWindow(() => this.watch.leave());
    } else if (!guard && this.#release !== null) {
      void this.#release.then((release) => release()).catch(() => undefined);
      this.#release = null;
    }
  }
}
