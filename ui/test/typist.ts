/** Somebody at the keyboard: a document of the twin, opened and mounted as the app does it. */

import { TextSelection } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";

import type { Patch } from "../src/bindings/Patch";
import { Blobs } from "../src/editor/blobs";
import { OpenDocument, type Listener } from "../src/editor/document";
import { Twin } from "../src/host/twin";
import { toBlocks } from "../src/model/blocks";
import type { Saving } from "../src/model/exchange";
import { positionOf } from "../src/model/positions";
import { read, write } from "./notation";

const CODES: Record<string, number> = { Enter: 13, Backspace: 8, Tab: 9, Delete: 46, ArrowDown: 40, ArrowUp: 38 };

export class Typist {
  savings: Saving[] = [];
  patches: Patch[] = [];
  broken = 0;
  lost: string[] = [];
  failures: unknown[] = [];
  linkAsked = 0;

  private constructor(
    readonly twin: Twin,
    readonly document: OpenDocument,
    readonly view: EditorView,
  ) {}

  static async open(page: string, twin = new Twin()): Promise<Typist> {
    const { blocks, anchor, head } = read(page);
    const info = twin.add("", blocks);
    const typist = await Typist.#mount(twin, info.id);
    if (anchor && head) {
      const { state } = typist.view;
      const { doc } = state;
      typist.view.dispatch(state.tr.setSelection(TextSelection.create(doc, positionOf(doc, anchor), positionOf(doc, head))));
    }
    return typist;
  }

  /** The same document, opened anew. */
  async reopen(): Promise<Typist> {
    this.document.unmount();
    return Typist.#mount(this.twin, this.document.id);
  }

  static async #mount(twin: Twin, id: string): Promise<Typist> {
    const opened = await twin.openDocument(id);
    const later: { typist?: Typist } = {};
    const listener: Listener = {
      changed: () => {},
      saving: (_, saving) => later.typist?.savings.push(saving),
      patched: (_, patch) => later.typist?.patches.push(patch),
      broken: () => {
        if (later.typist) later.typist.broken += 1;
      },
      refused: (document) => later.typist?.lost.push(document.lost),
      editLink: () => {
        if (later.typist) later.typist.linkAsked += 1;
      },
      openLink: (href) => void twin.openLink(href),
      failed: (error) => later.typist?.failures.push(error),
      leaveUp: () => {},
    };
    const blobs = new Blobs(twin);
    const document = new OpenDocument(twin, opened, listener, blobs);
    const place = window.document.createElement("div");
    window.document.body.append(place);
    document.mount(place);
    const view = document.view;
    if (view === null) throw new Error("There is no view.");
    // Without layout every line is the last one.
    view.endOfTextblock = () => true;
    const typist = new Typist(twin, document, view);
    later.typist = typist;
    void twin.listen((event) => {
      if (event.type === "newer" && event.document === id) document.exchange.newer();
      if (event.type === "blob") blobs.heard(event.hash, event.state);
    });
    return typist;
  }

  /** Presses a key and waits until everything done so far is durable, and what was undone is on the page. */
  async pressed(chord: string): Promise<void> {
    this.press(chord);
    await this.document.exchange.drained();
  }

  /** Presses a key, such as `Mod-Shift-7`; whether the page took it. */
  press(chord: string): boolean {
    const parts = chord.split("-");
    const key = parts.pop() ?? "";
    const event = new KeyboardEvent("keydown", {
      key,
      keyCode: CODES[key] ?? key.toUpperCase().charCodeAt(0),
      ctrlKey: parts.includes("Mod") || parts.includes("Ctrl"),
      shiftKey: parts.includes("Shift"),
      altKey: parts.includes("Alt"),
      bubbles: true,
      cancelable: true,
    });
    return this.view.someProp("handleKeyDown", (handle) => handle(this.view, event)) === true;
  }

  type(text: string): void {
    for (const character of text) {
      const { from, to } = this.view.state.selection;
      const insert = (): ReturnType<typeof this.view.state.tr.insertText> => this.view.state.tr.insertText(character, from, to);
      const handled = this.view.someProp("handleTextInput", (handle) => handle(this.view, from, to, character, insert));
      if (handled !== true) this.view.dispatch(insert());
    }
  }

  /** The page in the notation, with the caret. */
  get page(): string {
    return write(this.view.state);
  }

  /** Whether the session has what the page shows, once everything is settled. */
  async agrees(): Promise<boolean> {
    await this.document.exchange.drained();
    return JSON.stringify(sorted(this.twin.page(this.document.id))) === JSON.stringify(sorted(toBlocks(this.view.state.doc)));
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]));
}
