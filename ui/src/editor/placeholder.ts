/** What an empty block says it is for, while the caret is in it or the page is empty. */

import { Plugin, type EditorState } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";

import { t, type Message } from "../messages";
import { kindOf } from "../model/marker";
import { isMedia } from "../model/media";
import { markerOf } from "../model/schema";
import { caretBlock } from "./blocks";

const HINTS: Record<string, Message> = {
  heading1: "placeholder.heading1",
  heading2: "placeholder.heading2",
  heading3: "placeholder.heading3",
  bullet: "placeholder.item",
  number: "placeholder.item",
  task: "placeholder.task",
  quote: "placeholder.quote",
  code: "placeholder.code",
};

function decorate(state: EditorState): DecorationSet | null {
  const only = state.doc.childCount === 1 ? state.doc.firstChild : null;
  const here = caretBlock(state);
  let hint: Message | undefined;
  let [start, size] = [0, 0];
  if (only?.content.size === 0 && kindOf(markerOf(only)) === "paragraph") {
    [hint, start, size] = ["placeholder.page", 0, only.nodeSize];
  } else if (here?.node.content.size === 0) {
    [hint, start, size] = [HINTS[here.kind], here.start, here.node.nodeSize];
  }
  const decorations: Decoration[] = [];
  if (hint) decorations.push(Decoration.node(start, start + size, { "data-placeholder": t(hint) }));
  if (here && (here.kind === "divider" || isMedia(here.kind))) {
    decorations.push(Decoration.node(here.start, here.start + here.node.nodeSize, { "data-here": "true" }));
  }
  return decorations.length === 0 ? null : DecorationSet.create(state.doc, decorations);
}

export function placeholder(): Plugin {
  return new Plugin({ props: { decorations: decorate } });
}
