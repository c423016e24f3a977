/** The talk about where everybody is in one open document: where its writer is, now and then, and where the others are. */

import type { Present } from "../bindings/Present";
import type { Selection } from "../bindings/Selection";
import type { Host } from "../host/host";
import type { Exchange } from "../model/exchange";

/** How often, at most, the session is told of the caret. */
const TELL = 500;
/** How soon it is asked again where the answer didn't fit the page any more. */
const ASK_AGAIN = 300;
/** So often: then somebody's place isn't here yet, and comes with the next patch. */
const TRIES = 5;

export class Presence {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: ReturnType<typeof setTimeout> | undefined;
  #last = 0;
  #round = 0;
  #closed = false;

  constructor(
    private readonly host: Host,
    private readonly exchange: Exchange,
    private readonly where: () => Selection | null,
    private readonly show: (present: Present[]) => void,
  ) {}

  /** The writer's caret has moved, or he has written. */
  moved(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#tell(), Math.max(0, this.#last + TELL - Date.now()));
  }

  /** Somebody has come, moved or gone, or the page is another one. */
  newer(): void {
    this.#round += 1;
    clearTimeout(this.#asking);
    void this.#ask(this.#round, TRIES);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#asking);
  }

  #tell(): void {
    this.#timer = undefined;
    this.#last = Date.now();
    const selection = this.where();
    // Nobody's words hang on it: what fails is told with the next move.
    if (selection !== null) void this.host.present(this.exchange.document, selection).catch(() => undefined);
  }

  async #ask(round: number, tries: number): Promise<void> {
    const { patch, counter } = this.exchange.version;
    const present = await this.host.presences(this.exchange.document, patch, counter).catch(() => null);
    if (this.#closed || round !== this.#round || present === null) return;
    const now = this.exchange.version;
    const here = present.filter(({ document }) => document === this.exchange.document);
    const fits = now.patch === patch && now.counter === counter;
    const known = here.filter(({ selection }) => selection !== null);
    // Carets that are shown move with the text, so that they may stay until their places are known.
    if (fits && (known.length > 0 || here.length === 0)) this.show(known);
    if ((!fits || known.length < here.length) && tries > 0) {
      this.#asking = setTimeout(() => void this.#ask(round, tries - 1), ASK_AGAIN);
    }
  }
}
