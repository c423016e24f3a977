/** The images and attachments of the workspace as the page knows them: where each one is, and who waits for it. */

import type { BlobInfo } from "../bindings/BlobInfo";
import type { BlobState } from "../bindings/BlobState";
import type { Host } from "../host/host";

export class Blobs {
  readonly #states = new Map<string, BlobState>();
  readonly #watchers = new Map<string, Set<() => void>>();

  constructor(readonly host: Host) {}

  /** Where a blob is, as far as it is known; one that nobody has asked for yet is on its way. */
  state(hash: string): BlobState {
    return this.#states.get(hash) ?? "coming";
  }

  /** Asks for a blob, and calls `told` whenever it is known to be somewhere else, until the returned function is called. */
  watch(hash: string, told: () => void): () => void {
    if (this.state(hash) !== "here") this.ask(hash);
    const watchers = this.#watchers.get(hash) ?? new Set();
    this.#watchers.set(hash, watchers.add(told));
    return () => {
      watchers.delete(told);
      if (watchers.size === 0) this.#watchers.delete(hash);
    };
  }

  /** Has a blob looked for, again if it was before. */
  ask(hash: string): void {
    this.heard(hash, "coming");
    this.host.blob(hash).then(
      (state) => {
        // What was heard meanwhile is newer than an answer that only says that it is looked for.
        if (state !== "coming") this.heard(hash, state);
      },
      () => this.heard(hash, "absent"),
    );
  }

  heard(hash: string, state: BlobState): void {
    if (this.#states.get(hash) === state) return;
    this.#states.set(hash, state);
    for (const told of [...(this.#watchers.get(hash) ?? [])]) told();
  }

  /** Another workspace is shown: what was known of this one's blobs means nothing there. */
  forget(): void {
    this.#states.clear();
  }

  async add(content: Blob): Promise<BlobInfo> {
    const info = await this.host.addBlob(content);
    this.heard(info.hash, "here");
    return info;
  }
}

const STEPS: [string, number][] = [
  ["gigabyte", 1e9],
  ["megabyte", 1e6],
  ["kilobyte", 1e3],
];

/** A size for people. */
export function sizeInWords(bytes: number): string {
  const [unit, step] = STEPS.find(([, step]) => bytes >= step) ?? ["byte", 1];
  const digits = bytes >= 1e6 && bytes < 1e7 ? 1 : 0;
  return new Intl.NumberFormat("en", { style: "unit", unit, maximumFractionDigits: digits }).format(bytes / step);
}
