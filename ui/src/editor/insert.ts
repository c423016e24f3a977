/**
 * Images and files that come in by paste, drop or choice. Each is kept on this device first; meanwhile a line at the place
 * where it will stand says so, and follows whatever is written around it.
 */

import { Fragment, Slice } from "prosemirror-model";
import { Plugin, PluginKey, TextSelection, type EditorState, type Transaction } from "prosemirror-state";
import { ReplaceStep } from "prosemirror-transform";
import { Decoration, DecorationSet } from "prosemirror-view";

import { t } from "../messages";
import { blockNode } from "../model/blocks";
import { kindOf, type Marker } from "../model/marker";
import { mediaOf } from "../model/media";
import { MARKER_ATTRIBUTE } from "../model/parse";
import { markerOf } from "../model/schema";
import { setMarker } from "../model/set";
import { asCommand, asJoined } from "./groups";

interface Change {
  add?: { id: number; at: number; name: string };
  remove?: number;
}

const key = new PluginKey<DecorationSet>("arriving");

function arrivalLine(name: string): HTMLElement {
  const line = document.createElement("div");
  line.className = "media-arriving";
  line.textContent = t("media.adding", { name });
  line.setAttribute("role", "status");
  return line;
}

/** The places of what is being kept. */
export function arrivals(): Plugin<DecorationSet> {
  return new Plugin<DecorationSet>({
    key,
    state: {
      init: () => DecorationSet.empty,
      apply: (tr, before) => {
        let set = before.map(tr.mapping, tr.doc);
        const change = tr.getMeta(key) as Change | undefined;
        if (change?.add) {
          const { id, at, name } = change.add;
          set = set.add(tr.doc, [Decoration.widget(at, () => arrivalLine(name), { id, side: 1 })]);
        }
        if (change?.remove !== undefined) set = set.remove(set.find(undefined, undefined, ({ id }) => id === change.remove));
        return set;
      },
    },
    props: { decorations: (state) => key.getState(state) },
  });
}

let last = 0;

/** Marks where something will stand: after the block at a position. Its number tells {@link arrived} where that is by then. */
export function arriving(state: EditorState, position: number, name: string): { id: number; tr: Transaction } {
  const $at = state.doc.resolve(Math.min(position, state.doc.content.size));
  const at = $at.depth > 0 ? $at.after(1) : $at.pos;
  last += 1;
  return { id: last, tr: state.tr.setMeta(key, { add: { id: last, at, name } } satisfies Change) };
}

/** Puts a block where it was announced; none where keeping it has failed. */
export function arrived(state: EditorState, id: number, block: Marker | null): Transaction {
  const found = key.getState(state)?.find(undefined, undefined, (spec) => spec.id === id)[0];
  const tr = state.tr.setMeta(key, { remove: id } satisfies Change);
  if (block === null || found === undefined) return tr;
  const $at = tr.doc.resolve(found.from);
  const at = $at.depth > 0 ? $at.after(1) : $at.pos;
  const before = tr.doc.resolve(at).nodeBefore;
  let start = at;
  if (before !== null && before.content.size === 0 && kindOf(markerOf(before)) === "paragraph") {
    // An empty paragraph was the place that the writer had made for it.
    start = at - before.nodeSize;
    setMarker(tr, start, block);
  } else {
    tr.step(new ReplaceStep(at, at, new Slice(Fragment.from(blockNode(block)), 0, 0)));
  }
  return asCommand(tr.setSelection(TextSelection.create(tr.doc, start + 1))).scrollIntoView();
}

/** The images and files that pasted blocks name. */
export function blobsIn(slice: Slice): string[] {
  const found = new Set<string>();
  slice.content.forEach((node) => {
    const blob = node.isInline ? null : mediaOf(markerOf(node)).blob;
    if (blob !== null) found.add(blob);
  });
  return [...found];
}

/** Names a blob as it is known in this workspace, wherever the page names it as another one does. */
export function brought(state: EditorState, from: string, to: string): Transaction {
  const tr = state.tr;
  state.doc.forEach((node, at) => {
    if (mediaOf(markerOf(node)).blob === from) setMarker(tr, at, { blob: to });
  });
  return asJoined(tr);
}

/**
 * The files to take from a paste or a drop; none where its text says more. Office programs put a picture of the text beside
 * the text, and a copied image comes with HTML that only says where on the web it lies.
 */
export function filesOf(data: DataTransfer | null): File[] {
  const files = [...(data?.files ?? [])];
  if (data === null || files.length === 0) return [];
  const html = data.getData("text/html");
  if (html === "") return files;
  const page = new DOMParser().parseFromString(html, "text/html");
  const isText = page.querySelector(`[${MARKER_ATTRIBUTE}]`) !== null || (page.body.textContent ?? "").trim() !== "";
  return isText ? [] : files;
}
