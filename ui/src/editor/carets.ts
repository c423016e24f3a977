/**
 * Where the others are on the page: a thin caret in the writer's colour, with the name beside it for some seconds, and what is
 * selected. It takes no room, no click and no place in the text, and moves with what is written around it.
 */

import { Plugin, PluginKey, type EditorState, type Transaction } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";

import type { Present } from "../bindings/Present";
import { endsAt } from "../model/positions";
import { colourOf } from "../model/writers";

const key = new PluginKey<DecorationSet>("carets");

function caret(present: Present): HTMLElement {
  const element = document.createElement("span");
  element.className = "other-caret";
  element.style.setProperty("--writer", colourOf(present.replica));
  element.setAttribute("aria-hidden", "true");
  // As an attribute, so that the name is never a part of the page's text.
  element.dataset.name = present.person;
  return element;
}

function decorate(state: EditorState, present: readonly Present[]): DecorationSet {
  const decorations = present.flatMap((one) => {
    if (one.selection === null) return [];
    let ends;
    try {
      ends = endsAt(state.doc, one.selection);
    } catch {
      // The page went on since; it is asked again.
      return [];
    }
    const { anchor, head } = ends;
    // By the counter, so that a move shows the name again, and nothing else does.
    const widget = Decoration.widget(head, () => caret(one), { key: `${one.replica} ${one.counter}`, side: -1, ignoreSelection: true });
    if (anchor === head) return [widget];
    const style = `--writer: ${colourOf(one.replica)}`;
    return [widget, Decoration.inline(Math.min(anchor, head), Math.max(anchor, head), { class: "other-selection", style })];
  });
  return DecorationSet.create(state.doc, decorations);
}

/** The transaction that shows them, and nothing else. */
export function showCarets(state: EditorState, present: readonly Present[]): Transaction {
  return state.tr.setMeta(key, present).setMeta("addToHistory", false);
}

export function carets(): Plugin<DecorationSet> {
  return new Plugin<DecorationSet>({
    key,
    state: {
      init: () => DecorationSet.empty,
      apply: (tr, shown, _before, state) => {
        const present = tr.getMeta(key) as readonly Present[] | undefined;
        return present === undefined ? shown.map(tr.mapping, tr.doc) : decorate(state, present);
      },
    },
    props: { decorations: (state) => key.getState(state) },
  });
}
