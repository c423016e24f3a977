/**
 * An open document: its page, the conversation about it, and, while it is shown, the view. It outlives the view:
 * edits that couldn't be stored yet stay here when the writer turns to another document.
 */

import { EditorState, Plugin, TextSelection, type Command, type Transaction } from "prosemirror-state";
import { EditorView } from "prosemirror-view";

import type { Locked } from "../bindings/Locked";
import type { Opened } from "../bindings/Opened";
import type { Patch } from "../bindings/Patch";
import type { Host } from "../host/host";
import { t } from "../messages";
import { applyChanges } from "../model/apply";
import { toBlocks, toDoc } from "../model/blocks";
import { captureChanges } from "../model/capture";
import { Exchange, type Saving } from "../model/exchange";
import { safeLink } from "../model/links";
import { writtenText } from "../model/lost";
import { blockStart } from "../model/positions";
import { isPatch, patchTransaction } from "../model/project";
import { holdStill } from "./anchor";
import { typeBelowDivider } from "./blocks";
import { cleanSlice, cleanText, clipboardSerializer, plainText } from "./clipboard";
import { keys, redo, undoOrPlain } from "./keymap";
import { levels } from "./levels";
import { oneBlock } from "./page";
import { placeholder } from "./placeholder";
import { markdownRules } from "./rules";
import { TaskView } from "./task";

/** What an open document tells the shell around it. */
export interface Listener {
  /** The page or the selection is another one. */
  changed(document: OpenDocument): void;
  saving(document: OpenDocument, saving: Saving): void;
  /** Changes of others stand on the page now. */
  patched(document: OpenDocument, patch: Patch): void;
  /** The page and the session no longer agree: the document must be opened again. */
  broken(document: OpenDocument): void;
  /** The same, since the session takes nothing more from this page. What is still typed here is lost, too. */
  refused(document: OpenDocument): void;
  editLink(document: OpenDocument): void;
  openLink(href: string): void;
  /** The writer goes up from the first line. */
  leaveUp(): void;
}

export class OpenDocument {
  readonly id: string;
  readonly exchange: Exchange;
  locked: Locked | null;
  state: EditorState;
  view: EditorView | null = null;
  #composing = false;
  #pressed = false;

  constructor(
    host: Host,
    opened: Opened,
    private readonly listener: Listener,
  ) {
    this.id = opened.document;
    this.locked = opened.locked;
    this.state = EditorState.create({ doc: toDoc(opened.blocks), plugins: this.#plugins() });
    this.exchange = new Exchange(
      host,
      opened.document,
      opened,
      {
        takeIn: (patch) => this.#takeIn(patch),
        refused: () => listener.refused(this),
        busy: () => this.#composing || this.#pressed || this.view?.composing === true,
      },
      (saving) => listener.saving(this, saving),
    );
  }

  readonly dispatch = (tr: Transaction): void => {
    const { state, transactions } = this.state.applyTransaction(tr);
    const before = this.state;
    this.state = state;
    const show = (): void => this.view?.updateState(state);
    if (this.view !== null && isPatch(tr)) holdStill(this.view, tr, show);
    else show();
    const changes = captureChanges(transactions);
    if (import.meta.env.DEV) checkCapture(before, state, transactions);
    this.exchange.edited(changes);
    this.listener.changed(this);
  };

  /** Runs a command as if its key had been pressed. */
  run(command: Command): boolean {
    return command(this.state, this.dispatch, this.view ?? undefined);
  }

  mount(place: HTMLElement): void {
    this.view = new EditorView(
      { mount: place },
      {
        state: this.state,
        dispatchTransaction: this.dispatch,
        editable: () => this.locked === null,
        attributes: {
          role: "textbox",
          "aria-multiline": "true",
          "aria-label": t("page.label"),
          "data-testid": "page",
          spellcheck: "true",
        },
        nodeViews: { task: (node, view, position) => new TaskView(node, view, position) },
        clipboardSerializer: clipboardSerializer(),
        clipboardTextSerializer: plainText,
        transformPasted: cleanSlice,
        handleTextInput: (view, from, to, text) => {
          const clean = cleanText(text);
          const below = typeBelowDivider(view.state, clean);
          if (below === null && clean === text) return false;
          view.dispatch(below ?? view.state.tr.insertText(clean, from, to));
          return true;
        },
        handleDOMEvents: {
          compositionstart: () => this.#setComposing(true),
          compositionend: () => this.#setComposing(false),
          pointerdown: () => this.#press(),
          beforeinput: (_view, event) => this.#ownUndo(event),
          click: (_view, event) => this.#followLink(event),
          auxclick: (_view, event) => this.#followLink(event),
        },
        handleKeyDown: (view, event) => {
          if (event.key !== "ArrowUp" || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return false;
          const { $head, empty } = view.state.selection;
          if (!empty || $head.index(0) > 0 || !view.endOfTextblock("up")) return false;
          this.listener.leaveUp();
          return true;
        },
      },
    );
  }

  unmount(): void {
    this.view?.destroy();
    this.view = null;
    this.#composing = false;
    this.#pressed = false;
  }

  focus(where: "start" | "kept" = "kept"): void {
    if (where === "start") {
      this.dispatch(this.state.tr.setSelection(TextSelection.atStart(this.state.doc)).scrollIntoView());
    }
    this.view?.focus();
  }

  /** The text that was typed here and that the session refused. */
  get lost(): string {
    return writtenText(this.exchange.lost);
  }

  /** Puts the caret where it was on another page of this document, as near as may be. */
  goOnFrom(other: OpenDocument): void {
    const { $head } = other.state.selection;
    const block = Math.min($head.index(0), this.state.doc.childCount - 1);
    const start = blockStart(this.state.doc, block) + 1;
    const position = start + Math.min($head.depth > 0 ? $head.parentOffset : 0, this.state.doc.child(block).content.size);
    this.dispatch(this.state.tr.setSelection(TextSelection.create(this.state.doc, position)));
  }

  openLink(href: string): void {
    const safe = safeLink(href);
    if (safe !== null) this.listener.openLink(safe);
  }

  #plugins(): Plugin[] {
    const editLink: Command = () => {
      this.listener.editLink(this);
      return true;
    };
    return [markdownRules(), ...keys(editLink), oneBlock(), levels(), placeholder()];
  }

  #takeIn(patch: Patch): boolean {
    this.locked = patch.locked;
    try {
      this.dispatch(patchTransaction(this.state, patch.changes));
    } catch {
      this.listener.broken(this);
      return false;
    }
    this.listener.patched(this, patch);
    return true;
  }

  #setComposing(composing: boolean): boolean {
    this.#composing = composing;
    // The browser settles the composed text a moment after it says that it has ended.
    if (!composing) setTimeout(() => this.exchange.settle(), 60);
    return false;
  }

  /** From press to release the writer may be selecting or dragging. */
  #press(): boolean {
    this.#pressed = true;
    const release = (): void => {
      for (const name of RELEASES) window.removeEventListener(name, release, true);
      this.#pressed = false;
      this.exchange.settle();
    };
    for (const name of RELEASES) window.addEventListener(name, release, true);
    return false;
  }

  /** The browser's own undo knows nothing of what others did: menus and gestures that ask for it get ours. */
  #ownUndo(event: InputEvent): boolean {
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return false;
    event.preventDefault();
    this.run(event.inputType === "historyUndo" ? undoOrPlain : redo);
    return true;
  }

  #followLink(event: MouseEvent): boolean {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (link === null) return false;
    // The webview itself must never go anywhere.
    event.preventDefault();
    const asked = event.button === 1 || event.metaKey || event.ctrlKey || this.locked !== null;
    if (asked && link.closest("pre") === null) this.openLink(link.getAttribute("href") ?? "");
    return false;
  }
}

const RELEASES = ["pointerup", "pointercancel", "dragend", "drop", "blur"] as const;

/** In development, what was captured must lead from the page before to the page after. */
function checkCapture(before: EditorState, after: EditorState, transactions: readonly Transaction[]): void {
  if (transactions.some((tr) => isPatch(tr))) return;
  const changes = captureChanges(transactions);
  const expected = JSON.stringify(toBlocks(after.doc).map(sortKeys));
  const found = JSON.stringify(applyChanges(toBlocks(before.doc), changes).map(sortKeys));
  if (expected !== found) throw new Error(`The captured changes lead elsewhere: ${JSON.stringify(changes)}`);
}

function sortKeys(block: { attrs: object; content: unknown }): unknown {
  return { attrs: Object.fromEntries(Object.entries(block.attrs).sort()), content: block.content };
}

