/**
 * An image or a file on the page. What it holds may still be on its way: its place is kept, with its name and what can be
 * done about it. The text of the block is the caption.
 */

import type { Node } from "prosemirror-model";
import { TextSelection } from "prosemirror-state";
import type { EditorView, NodeView } from "prosemirror-view";

import type { BlobState } from "../bindings/BlobState";
import { t, type Message } from "../messages";
import { mediaOf, type Media } from "../model/media";
import { markerOf } from "../model/schema";
import { setMarker } from "../model/set";
import { sizeInWords, type Blobs } from "./blobs";

/** What a view asks of the document around it. */
export interface MediaDesk {
  blobs: Blobs;
  /** Saves what a block holds where the writer says. */
  save(hash: string, name: string): void;
}

const STATES: Record<Exclude<BlobState, "here">, Message> = { coming: "media.coming", absent: "media.absent" };

export class MediaView implements NodeView {
  readonly dom: HTMLElement;
  readonly contentDOM: HTMLElement;
  /** Everything but the caption. */
  readonly #frame: HTMLElement;
  readonly #shown = element("div", "media-shown");
  readonly #tools = element("div", "media-tools");
  #field: HTMLInputElement | null = null;
  #watched: { hash: string; stop: () => void } | null = null;
  /** Set where the image was said to be here and can't be shown. */
  #broken = false;
  #drawn = "";

  constructor(
    private node: Node,
    private readonly view: EditorView,
    private readonly position: () => number | undefined,
    private readonly desk: MediaDesk,
  ) {
    this.dom = document.createElement("figure");
    this.#frame = element("div", "media-frame");
    this.#frame.contentEditable = "false";
    this.#frame.append(this.#shown, this.#tools);
    // A press beside the tools is for the block, whose caret is in its caption.
    this.#frame.addEventListener("mousedown", (event) => this.#press(event));
    this.contentDOM = element("figcaption", "media-caption");
    this.contentDOM.dataset.hint = t("media.caption");
    this.dom.append(this.#frame, this.contentDOM);
    this.#show();
  }

  update(node: Node): boolean {
    if (node.type !== this.node.type) return false;
    this.node = node;
    this.#show();
    return true;
  }

  destroy(): void {
    this.#watched?.stop();
  }

  stopEvent(event: Event): boolean {
    return event.target instanceof globalThis.Node && this.#frame.contains(event.target);
  }

  ignoreMutation(record: { target: globalThis.Node }): boolean {
    return !this.contentDOM.contains(record.target);
  }

  get #isImage(): boolean {
    return this.node.type.name === "image";
  }

  #show(): void {
    const media = mediaOf(markerOf(this.node));
    this.#watch(media.blob);
    const state: BlobState = media.blob === null || this.#broken ? "absent" : this.desk.blobs.state(media.blob);
    const kind = this.node.type.name;
    this.dom.className = `block ${kind}`;
    this.dom.dataset.kind = kind;
    this.dom.dataset.state = state;
    this.dom.dataset.testid = kind;
    this.dom.dataset.empty = String(this.node.content.size === 0);
    this.dom.setAttribute("aria-label", t(this.#isImage ? "media.image" : "media.file", { name: nameOf(media) }));
    // Typing a caption must not load the image anew.
    const drawn = JSON.stringify([media, state, this.view.editable]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#shown.replaceChildren(this.#isImage ? this.#picture(media, state) : card(media, state));
    if (this.#field === null) this.#tools.replaceChildren(...this.#buttons(media, state));
  }

  #watch(hash: string | null): void {
    if (this.#watched?.hash === hash) return;
    this.#watched?.stop();
    this.#watched = null;
    this.#broken = false;
    if (hash === null) return;
    const stop = this.desk.blobs.watch(hash, () => {
      this.#broken = false;
      this.#show();
    });
    this.#watched = { hash, stop };
  }

  #picture(media: Media, state: BlobState): HTMLElement {
    const box = element("div", "media-picture");
    if (media.pixels !== null) {
      box.style.setProperty("--width", String(media.pixels.width));
      box.style.setProperty("--height", String(media.pixels.height));
      box.dataset.sized = "true";
    }
    if (state !== "here" || media.blob === null) {
      box.append(card(media, state));
      return box;
    }
    const image = document.createElement("img");
    image.alt = media.alt || nameOf(media);
    image.draggable = false;
    image.dataset.testid = "image-shown";
    image.addEventListener("error", () => {
      this.#broken = true;
      this.#show();
    });
    image.src = this.desk.blobs.host.imageAddress(media.blob);
    box.append(image);
    return box;
  }

  #buttons(media: Media, state: BlobState): HTMLElement[] {
    const { blob } = media;
    const buttons: HTMLElement[] = [];
    const add = (label: Message, testid: string, run: () => void): void => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "media-tool";
      button.textContent = t(label);
      button.dataset.testid = testid;
      button.addEventListener("click", run);
      buttons.push(button);
    };
    if (this.#isImage && this.view.editable) {
      add(media.alt === "" ? "media.describe" : "media.described", "media-describe", () => this.#describe(media.alt));
    }
    if (blob !== null && state === "here") add("media.save", "media-save", () => this.desk.save(blob, nameOf(media)));
    if (blob !== null && (state === "absent" || this.#broken)) {
      add("media.again", "media-again", () => {
        this.#broken = false;
        this.desk.blobs.ask(blob);
        this.#show();
      });
    }
    return buttons;
  }

  /** A field for what the image shows takes the tools' place. */
  #describe(alt: string): void {
    const field = document.createElement("input");
    field.className = "field media-field";
    field.value = alt;
    field.maxLength = 1_000;
    field.placeholder = t("media.describe.about");
    field.setAttribute("aria-label", t("media.describe.about"));
    field.dataset.testid = "media-alt";
    const end = (keep: boolean): void => {
      if (this.#field !== field) return;
      this.#field = null;
      this.#drawn = "";
      const position = this.position();
      const text = field.value.trim();
      if (keep && text !== alt && position !== undefined && this.view.editable) {
        this.view.dispatch(setMarker(this.view.state.tr, position, { alt: text === "" ? null : text }));
      }
      this.#show();
    };
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
      event.preventDefault();
      event.stopPropagation();
      end(event.key === "Enter");
      this.view.focus();
    });
    field.addEventListener("blur", () => end(true));
    this.#field = field;
    this.#tools.replaceChildren(field);
    field.focus();
    field.select();
  }

  #press(event: MouseEvent): void {
    if (event.target instanceof Element && event.target.closest("button, input") !== null) return;
    event.preventDefault();
    const position = this.position();
    if (position === undefined) return;
    const { state } = this.view;
    this.view.dispatch(state.tr.setSelection(TextSelection.create(state.doc, position + 1 + this.node.content.size)));
    this.view.focus();
  }
}

function element(tag: string, name: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

function nameOf(media: Media): string {
  return media.name || media.alt || t("media.unnamed");
}

/** The name, the size, and where it is if not here. */
function card(media: Media, state: BlobState): HTMLElement {
  const made = element("div", "media-card");
  const line = (name: string, text: string): void => {
    const part = element("span", name);
    part.textContent = text;
    made.append(part);
  };
  line("media-name", nameOf(media));
  const about = [media.size === null ? "" : sizeInWords(media.size), state === "here" ? "" : t(STATES[state])];
  line("media-about", about.filter((part) => part !== "").join(" · "));
  return made;
}
