/** Commands that change text and its marks. */

import { toggleMark } from "prosemirror-commands";
import type { MarkType } from "prosemirror-model";
import { TextSelection, type Command, type EditorState } from "prosemirror-state";

import { schema } from "../model/schema";
import { inCode } from "./blocks";
import { asCommand } from "./groups";

export type TextMark = "bold" | "italic" | "code";

/** Sets or takes a mark. In code it does nothing: marks don't show there. */
export function toggle(mark: TextMark): Command {
  const command = toggleMark(schema.marks[mark], null, { removeWhenPresent: false, includeWhitespace: true });
  return (state, dispatch, view) => {
    if (inCode(state)) return true;
    return command(state, dispatch, view);
  };
}

export function isActive(state: EditorState, type: MarkType): boolean {
  const { from, to, empty, $from } = state.selection;
  if ($from.depth > 0 && inCode(state)) return false;
  if (empty) return type.isInSet(state.storedMarks ?? $from.marks()) !== undefined;
  let [text, marked] = [0, 0];
  state.doc.nodesBetween(from, to, (node, start) => {
    if (!node.isInline) return;
    const length = Math.min(to, start + node.nodeSize) - Math.max(from, start);
    text += length;
    if (type.isInSet(node.marks)) marked += length;
  });
  return text > 0 && text === marked;
}

/** Everything on the page, as text: the selection then has a place in a block at both ends. */
export const selectAll: Command = (state, dispatch) => {
  const [first, last] = [TextSelection.atStart(state.doc), TextSelection.atEnd(state.doc)];
  dispatch?.(state.tr.setSelection(TextSelection.create(state.doc, first.from, last.to)));
  return true;
};

/** A link around the caret or in the selection: where it stands and where it leads. */
export interface LinkHere {
  from: number;
  to: number;
  href: string;
  text: string;
}

export function linkHere(state: EditorState): LinkHere | null {
  const { $from, from, to } = state.selection;
  if ($from.depth === 0) return null;
  const links: LinkHere[] = [];
  $from.parent.forEach((node, offset) => {
    const mark = schema.marks.link.isInSet(node.marks);
    if (mark === undefined) return;
    const start = $from.start() + offset;
    const end = start + node.nodeSize;
    const last = links.at(-1);
    // A link with several styles in it is several nodes under one mark.
    if (last !== undefined && last.to === start && last.href === mark.attrs.href) {
      links[links.length - 1] = { ...last, to: end, text: last.text + node.textContent };
    } else {
      links.push({ from: start, to: end, href: String(mark.attrs.href), text: node.textContent });
    }
  });
  return links.find((link) => link.from <= to && link.to >= from) ?? null;
}

/** Puts a link on the selection or around the caret; with no text there, its address is its text. */
export function setLink(href: string): Command {
  return (state, dispatch) => {
    const { from, to, empty } = state.selection;
    if (inCode(state)) return false;
    const mark = schema.marks.link.create({ href });
    const tr = state.tr;
    const existing = linkHere(state);
    if (existing !== null) tr.addMark(existing.from, existing.to, mark);
    else if (empty) tr.replaceSelectionWith(schema.text(href.replace(/^mailto:/, ""), [mark, ...state.selection.$from.marks()]), false);
    else tr.addMark(from, to, mark);
    dispatch?.(asCommand(tr).removeStoredMark(mark).scrollIntoView());
    return true;
  };
}

export const removeLink: Command = (state, dispatch) => {
  const existing = linkHere(state);
  if (existing === null) return false;
  dispatch?.(state.tr.removeMark(existing.from, existing.to, schema.marks.link));
  return true;
};
