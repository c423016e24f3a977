/** What leaves by copying and comes in by pasting. */

import { DOMSerializer, Fragment, Slice, type Node } from "prosemirror-model";
import type { EditorView } from "prosemirror-view";

import { SOFT_BREAK } from "../model/blocks";
import { indentOf, isChecked, isItem, kindOf } from "../model/marker";
import { isMedia, mediaText } from "../model/media";
import { MARKER_ATTRIBUTE } from "../model/parse";
import { markerOf, schema } from "../model/schema";

/**
 * Characters that a document can't hold: control characters but the tab, the stand-in for an object, and halves
 * of surrogate pairs.
 */
const REFUSED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffc]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function cleanText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(REFUSED, "");
}

function cleanInline(node: Node): Node[] {
  if (!node.isText) return [node];
  const parts = cleanText(node.text ?? "").split(/([\n\u2028\u2029])/);
  return parts.flatMap((part) => {
    if (part === "") return [];
    const lineBreak = part === "\n" || part === SOFT_BREAK || part === "\u2029";
    return [lineBreak ? schema.nodes.soft_break.create(null, null, node.marks) : schema.text(part, node.marks)];
  });
}

function cleanFragment(fragment: Fragment): Fragment {
  const nodes: Node[] = [];
  fragment.forEach((node) => {
    if (node.isInline) nodes.push(...cleanInline(node));
    else nodes.push(node.copy(trimBreak(cleanFragment(node.content))));
  });
  return Fragment.fromArray(nodes);
}

/** Foreign HTML ends paragraphs, and the last line of code, with a line break that isn't meant. */
function trimBreak(content: Fragment): Fragment {
  const last = content.lastChild;
  return last?.type === schema.nodes.soft_break ? content.cut(0, content.size - 1) : content;
}

export function cleanSlice(slice: Slice): Slice {
  return new Slice(cleanFragment(slice.content), slice.openStart, slice.openEnd);
}

/** Plain text for other programs: a block a line, lists with their signs. */
export function plainText(slice: Slice): string {
  const lines: string[] = [];
  slice.content.forEach((node) => {
    if (node.isInline) {
      lines[Math.max(0, lines.length - 1)] = (lines.at(-1) ?? "") + node.textBetween(0, node.content.size) + (node.text ?? "");
      return;
    }
    const text = node.textBetween(0, node.content.size, undefined, (leaf) => leaf.type.spec.leafText?.(leaf) ?? "");
    // An image without a caption is at least called by its name.
    lines.push(text === "" ? mediaText(markerOf(node)) : text);
  });
  return lines.join("\n");
}

/**
 * Copied blocks as HTML that other programs understand: lists as lists, nested by level. Each block carries its
 * marker too, so that a paste into Inkfold loses nothing.
 */
class ClipboardSerializer extends DOMSerializer {
  override serializeFragment(
    fragment: Fragment,
    options: { document?: Document } = {},
    target?: HTMLElement | DocumentFragment,
  ): HTMLElement | DocumentFragment {
    const document = options.document ?? window.document;
    const out = target ?? document.createDocumentFragment();
    if (fragment.firstChild?.isInline ?? true) return super.serializeFragment(fragment, options, out as HTMLElement);
    /** The lists that are open, outermost first. */
    let lists: { list: HTMLElement; last: HTMLElement | null }[] = [];
    fragment.forEach((node) => {
      const block = markerOf(node);
      const kind = kindOf(block);
      const content = super.serializeFragment(node.content, { document });
      if (!isItem(kind)) {
        lists = [];
        const element = this.serializeNode(node.copy(Fragment.empty), { document }) as HTMLElement;
        clear(element);
        (element.querySelector("code") ?? element).append(content);
        element.setAttribute(MARKER_ATTRIBUTE, JSON.stringify(block));
        out.append(element);
        return;
      }
      const depth = indentOf(block) + 1;
      const tag = kind === "number" ? "ol" : "ul";
      lists = lists.slice(0, depth);
      if (lists.length === depth && lists.at(-1)?.list.localName !== tag) lists.pop();
      while (lists.length < depth) {
        const list = document.createElement(tag);
        const above = lists.at(-1);
        if (above === undefined) out.append(list);
        else (above.last ?? above.list).append(list);
        lists.push({ list, last: null });
      }
      const item = document.createElement("li");
      item.setAttribute(MARKER_ATTRIBUTE, JSON.stringify(block));
      if (kind === "task") item.append(checkboxFor(document, isChecked(block)));
      item.append(content);
      const open = lists.at(-1);
      open?.list.append(item);
      if (open) open.last = item;
    });
    return out;
  }
}

function checkboxFor(document: Document, checked: boolean): HTMLElement {
  const box = document.createElement("input");
  box.type = "checkbox";
  if (checked) box.setAttribute("checked", "");
  return box;
}

function clear(element: HTMLElement): void {
  for (const name of ["class", "data-kind", "data-indent", "spellcheck", "contenteditable"]) element.removeAttribute(name);
}

export function clipboardSerializer(): DOMSerializer {
  return new ClipboardSerializer(DOMSerializer.nodesFromSchema(schema), DOMSerializer.marksFromSchema(schema));
}

/** Copies, or cuts, the whole image or file that the caret is on: it can't be selected in any other way. */
export function copyMedia(view: EditorView, event: ClipboardEvent): boolean {
  const { $from, empty } = view.state.selection;
  if (!empty || $from.depth === 0 || !isMedia(kindOf(markerOf($from.parent))) || event.clipboardData === null) return false;
  const { dom, text } = view.serializeForClipboard(new Slice(Fragment.from($from.parent), 0, 0));
  event.preventDefault();
  event.clipboardData.clearData();
  event.clipboardData.setData("text/html", dom.innerHTML);
  event.clipboardData.setData("text/plain", text);
  if (event.type === "cut" && view.editable) {
    view.dispatch(view.state.tr.delete($from.before(), $from.after()).setMeta("uiEvent", "cut").scrollIntoView());
  }
  return true;
}
