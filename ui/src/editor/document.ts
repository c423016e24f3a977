/**
 * An open document: its page, the conversation about it, and, while it is shown, the view. It outlives the view:
 * edits that couldn't be stored yet stay here when the writer turns to another document.
 */

import { EditorState, Plugin, TextSelection, type Command, type Transaction } from "prosemirror-state";
import { EditorView } from "prosemirror-view";

import type { Locked } from "../bindings/Locked";
import type { Opened } from "../bindings/Opened";
import type { Patch } from "../bindings/Patch";
import type { Undone } from "../bindings/Undone";
import type { Host } from "../host/host";
import { t } from "../messages";
import { applyChanges } from "../model/apply";
import { toBlocks, toDoc } from "../model/blocks";
import { captureChanges } from "../model/capture";
import { Exchange, type Saving } from "../model/exchange";
import { localOf, rebase, toDone, type Held, type Local } from "../model/held";
import { safeLink } from "../model/links";
import { writtenText } from "../model/lost";
import { mediaMarker } from "../model/media";
import { blockStart, endsAt, selectionOf } from "../model/positions";
import { asPatch, isPatch, patchTransaction } from "../model/project";
import { holdStill } from "./anchor";
import { Blobs } from "./blobs";
import { typeBelowDivider } from "./blocks";
import { carets, showCarets } from "./carets";
import { cleanSlice, cleanText, clipboardSerializer, copyMedia, plainText } from "./clipboard";
import { Groups } from "./groups";
import { arrivals, arrived, arriving, blobsIn, brought, filesOf } from "./insert";
import { keys } from "./keymap";
import { levels } from "./levels";
import { MediaView, type MediaDesk } from "./media";
import { oneBlock } from "./page";
import { placeholder } from "./placeholder";
import { Presence } from "./presence";
import { markdownRules } from "./rules";
import { TaskView } from "./task";
import { canTurn, tellTurns, turns, type Turns } from "./turns";

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
  /** An image or a file could not be kept or saved. */
  failed(error: unknown): void;
  /** The writer goes up from the first line. */
  leaveUp(): void;
}

export class OpenDocument {
  readonly id: string;
  readonly exchange: Exchange;
  readonly presence: Presence;
  locked: Locked | null;
  state: EditorState;
  view: EditorView | null = null;
  #composing = false;
  #pressed = false;
  #settling: ReturnType<typeof setTimeout> | undefined;
  readonly #groups = new Groups();
  /** What the writer did while an undo is out, oldest first. */
  #held: Held[] = [];

  constructor(
    host: Host,
    opened: Opened,
    private readonly listener: Listener,
    private readonly blobs: Blobs = new Blobs(host),
  ) {
    this.id = opened.document;
    this.locked = opened.locked;
    this.state = EditorState.create({ doc: toDoc(opened.blocks), plugins: this.#plugins(opened) });
    this.exchange = new Exchange(
      host,
      opened.document,
      opened,
      {
        takeIn: (patch) => this.#takeIn(patch),
        undone: (undone) => this.#undone(undone),
        refused: () => {
          this.#handOver();
          listener.refused(this);
        },
        busy: () => this.#composing || this.#pressed || this.view?.composing === true,
      },
      (saving) => listener.saving(this, saving),
    );
    this.presence = new Presence(
      host,
      this.exchange,
      () => selectionOf(this.state.doc, this.state.selection),
      (present) => this.dispatch(showCarets(this.state, present)),
    );
  }

  readonly dispatch = (tr: Transaction): void => {
    const { state, transactions } = this.state.applyTransaction(tr);
    const before = this.state;
    this.state = state;
    const show = (): void => this.view?.updateState(state);
    if (this.view !== null && isPatch(tr) && !tr.scrolledIntoView) holdStill(this.view, tr, show);
    else show();
    if (import.meta.env.DEV) checkCapture(before, state, transactions);
    if (!isPatch(tr)) {
      if (transactions.some(({ docChanged }) => docChanged)) this.#write(localOf(before, transactions, state, this.#groups.of(transactions)));
      else if (!state.selection.eq(before.selection)) this.#groups.part();
      if (this.view?.hasFocus() === true && (tr.docChanged || tr.selectionSet)) this.presence.moved();
    }
    this.listener.changed(this);
  };

  /** Takes back what the writer did last, or does it again: the session does it, and the page shows it when it has. */
  readonly undo = (redo: boolean): void => {
    this.#groups.part();
    this.#turn(redo);
  };

  #turn(redo: boolean): void {
    if (this.locked !== null) return;
    if (this.exchange.undoing) this.#held.push({ redo });
    else if (canTurn(this.state, redo)) this.exchange.undo(redo);
  }

  /** Runs a command as if its key had been pressed. */
  run(command: Command): boolean {
    return command(this.state, this.dispatch, this.view ?? undefined);
  }

  mount(place: HTMLElement): void {
    const media: MediaDesk = { blobs: this.blobs, save: (hash, name) => this.#save(hash, name) };
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
        nodeViews: {
          task: (node, view, position) => new TaskView(node, view, position),
          image: (node, view, position) => new MediaView(node, view, position, media),
          file: (node, view, position) => new MediaView(node, view, position, media),
        },
        clipboardSerializer: clipboardSerializer(),
        clipboardTextSerializer: plainText,
        transformPasted: (pasted) => {
          const slice = cleanSlice(pasted);
          void this.#bring(blobsIn(slice));
          return slice;
        },
        handlePaste: (view, event) => this.#take(filesOf(event.clipboardData), view.state.selection.to),
        handleDrop: (view, event, _slice, moved) => {
          if (moved) return false;
          const at = view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos ?? view.state.selection.to;
          return this.#take(filesOf(event.dataTransfer), at);
        },
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
          copy: (view, event) => copyMedia(view, event),
          cut: (view, event) => copyMedia(view, event),
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
    this.#groups.composition(false);
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

  #save(hash: string, name: string): void {
    this.blobs.host.saveBlob(hash, name).catch((error: unknown) => this.listener.failed(error));
  }

  /** Puts images and files after the block at a position, or where the selection ends, as each is kept. */
  async insertFiles(files: readonly File[], position = this.state.selection.to): Promise<void> {
    if (this.locked !== null) return;
    const announced = files.map((file) => {
      const { id, tr } = arriving(this.state, position, file.name);
      this.dispatch(tr);
      return { file, id };
    });
    for (const { file, id } of announced) {
      try {
        const info = await this.blobs.add(file);
        this.dispatch(arrived(this.state, id, mediaMarker(info, file.name)));
      } catch (error) {
        this.dispatch(arrived(this.state, id, null));
        this.listener.failed(error);
      }
    }
  }

  /** Images and files that were pasted may be those of another workspace: brings them along, or says that they can't be. */
  async #bring(hashes: string[]): Promise<void> {
    for (const hash of hashes) {
      const here = await this.blobs.host.bringBlob(hash).catch(() => null);
      if (here !== null) {
        this.blobs.heard(here, "here");
        this.dispatch(brought(this.state, hash, here));
      } else if (this.blobs.state(hash) !== "here") {
        const stop = this.blobs.watch(hash, () => {
          const state = this.blobs.state(hash);
          if (state === "coming") return;
          stop();
          if (state === "absent") this.listener.failed({ code: "blob-left", message: "" });
        });
      }
    }
  }

  /** Nothing that was done up to this edit can be undone any more; what was written since still can. */
  turnsLost(counter: number): void {
    const since = this.exchange.version.counter > counter;
    this.dispatch(asPatch(tellTurns(this.state.tr, { undo: since, redo: false })));
  }

  #take(files: File[], position: number): boolean {
    if (files.length > 0) void this.insertFiles(files, position);
    return files.length > 0;
  }

  #plugins(opened: Turns): Plugin[] {
    const editLink: Command = () => {
      this.listener.editLink(this);
      return true;
    };
    return [
      markdownRules(),
      ...keys(editLink, this.undo),
      turns(opened),
      oneBlock(),
      levels(),
      placeholder(),
      carets(),
      arrivals(),
    ];
  }

  #takeIn(patch: Patch): boolean {
    this.locked = patch.locked;
    try {
      this.dispatch(patchTransaction(this.state, patch.changes));
    } catch {
      this.listener.broken(this);
      return false;
    }
    this.presence.newer();
    this.listener.patched(this, patch);
    return true;
  }

  /** Puts what an undo came to on the page, under what was written meanwhile, and sends that. */
  #undone(undone: Undone): boolean {
    const changes = undone.patch?.changes ?? [];
    try {
      const tr = this.state.tr;
      const held = rebase(tr, this.#held, changes);
      // Who has gone on writing stays where he is.
      if (held.every((item) => "redo" in item) && undone.selection !== null && undone.patch !== null) {
        const { anchor, head } = endsAt(tr.doc, undone.selection);
        tr.setSelection(TextSelection.create(tr.doc, anchor, head));
      }
      if (changes.length > 0) tr.scrollIntoView();
      this.dispatch(asPatch(tellTurns(tr, undone)));
      this.#held = held;
    } catch {
      return false;
    }
    this.locked = undone.patch?.locked ?? this.locked;
    this.#handOver();
    return true;
  }

  /** Sends what was held, as far as no further undo is among it. */
  #handOver(): void {
    while (!this.exchange.undoing) {
      const next = this.#held.shift();
      if (next === undefined) return;
      if ("redo" in next) {
        this.#turn(next.redo);
      } else {
        this.#write(next);
        // It was written before the session told what there is to undo, and counts as if it were written now.
        this.dispatch(asPatch(tellTurns(this.state.tr, { undo: true, redo: false })));
      }
    }
  }

  #write(local: Local): void {
    if (this.exchange.undoing) this.#held.push(local);
    else this.exchange.edited(toDone(local));
  }

  #setComposing(composing: boolean): boolean {
    this.#composing = composing;
    if (composing) {
      clearTimeout(this.#settling);
      this.#groups.composition(true);
      return false;
    }
    // The browser settles the composed text a moment after it says that it has ended.
    this.#settling = setTimeout(() => {
      this.#groups.composition(false);
      this.exchange.settle();
    }, 60);
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
    this.undo(event.inputType === "historyRedo");
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
  const expected = JSON.stringify(sorted(toBlocks(after.doc)));
  const found = JSON.stringify(sorted(applyChanges(toBlocks(before.doc), changes)));
  if (expected !== found) throw new Error(`The captured changes lead elsewhere: ${JSON.stringify(changes)}`);
}

/** With the keys of attributes and marks in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}
