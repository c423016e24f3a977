/** A task on the page: its box is a control of its own, its text is the block's. */

import type { Node } from "prosemirror-model";
import type { EditorView, NodeView } from "prosemirror-view";

import { t } from "../messages";
import { isChecked } from "../model/marker";
import { markerOf, schema } from "../model/schema";
import { toggleChecked } from "./blocks";

export class TaskView implements NodeView {
  readonly dom: HTMLElement;
  readonly contentDOM: HTMLElement;
  readonly #box: HTMLElement;

  constructor(
    private node: Node,
    private readonly view: EditorView,
    private readonly position: () => number | undefined,
  ) {
    this.dom = document.createElement("div");
    this.dom.setAttribute("role", "listitem");
    this.#box = document.createElement("span");
    this.#box.className = "task-box";
    this.#box.contentEditable = "false";
    this.#box.setAttribute("role", "checkbox");
    this.#box.dataset.testid = "task-box";
    // A press on the box must not take the caret out of the text that is being written.
    this.#box.addEventListener("mousedown", (event) => event.preventDefault());
    this.#box.addEventListener("click", () => this.#toggle());
    this.contentDOM = document.createElement("div");
    this.contentDOM.className = "task-text";
    this.dom.append(this.#box, this.contentDOM);
    this.#show();
  }

  update(node: Node): boolean {
    if (node.type !== schema.nodes.task) return false;
    this.node = node;
    this.#show();
    return true;
  }

  stopEvent(event: Event): boolean {
    return event.target === this.#box && event.type !== "mousedown";
  }

  ignoreMutation(record: { target: globalThis.Node }): boolean {
    return !this.contentDOM.contains(record.target);
  }

  #show(): void {
    const block = markerOf(this.node);
    const checked = isChecked(block);
    this.dom.className = "block task";
    this.dom.dataset.kind = "task";
    this.dom.dataset.checked = String(checked);
    this.#box.setAttribute("aria-checked", String(checked));
    this.#box.setAttribute("aria-label", t("task.box", { text: this.node.textContent.slice(0, 80) || t("task.empty") }));
  }

  #toggle(): void {
    const position = this.position();
    if (position === undefined || !this.view.editable) return;
    toggleChecked(position)(this.view.state, this.view.dispatch);
  }
}
