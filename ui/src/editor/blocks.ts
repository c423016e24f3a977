/** Commands that change blocks: their kind, their level, where one ends and the next begins. */

import { Fragment, Slice, type Node } from "prosemirror-model";
import { TextSelection, type Command, type EditorState, type Transaction } from "prosemirror-state";
import { ReplaceStep } from "prosemirror-transform";

import { blockNode } from "../model/blocks";
import { levelLimit, shownLevel } from "../model/levels";
import { isChecked, isItem, kindOf, languageOf, marker, MAX_INDENT, type Kind, type Marker } from "../model/marker";
import { isMedia, MEDIA_ATTRIBUTES } from "../model/media";
import { blockStart } from "../model/positions";
import { markerOf, schema } from "../model/schema";
import { setMarker } from "../model/set";

/** The block that a caret is in. */
export interface Here {
  node: Node;
  kind: string;
  /** The level that the block is shown at. */
  level: number;
  index: number;
  /** The position before the block. */
  start: number;
  offset: number;
}

/** The block with the caret, or null where a stretch of text is selected. */
export function caretBlock(state: EditorState): Here | null {
  const { $from, empty } = state.selection;
  if (!empty || $from.depth === 0) return null;
  const node = $from.parent;
  const index = $from.index(0);
  const kind = kindOf(markerOf(node));
  return { node, kind, level: shownLevel(state.doc, index), index, start: $from.before(), offset: $from.parentOffset };
}

/** The blocks that the selection touches, with the positions before them. */
export function selectedBlocks(state: EditorState): { node: Node; start: number }[] {
  const found: { node: Node; start: number }[] = [];
  const { from, to } = state.selection;
  state.doc.nodesBetween(from, to, (node, start) => {
    if (node.isTextblock) found.push({ node, start });
    return false;
  });
  return found;
}

/** Whether a block is what its text says, and so can be of any kind. */
function isText(node: Node): boolean {
  return node.type !== schema.nodes.opaque_block && !isMedia(kindOf(markerOf(node)));
}

/** What a block of this kind is turned into: headings, dividers and code have no level. */
function kindChange(kind: Kind): Record<string, string | null> {
  return /^heading|^divider|^code/.test(kind) ? { kind, indent: null } : { kind };
}

/** Gives the selected blocks a kind; where all of them have it already they become paragraphs. */
export function setKind(kind: Kind): Command {
  return (state, dispatch) => {
    const blocks = selectedBlocks(state).filter(({ node }) => isText(node));
    if (blocks.length === 0) return false;
    const all = blocks.every(({ node }) => kindOf(markerOf(node)) === kind);
    if (all && kind === "paragraph") return false;
    if (dispatch) {
      const tr = state.tr;
      for (const { start } of blocks) setMarker(tr, start, kindChange(all ? "paragraph" : kind));
      // Several lines made code are one piece of code.
      if (kind === "code" && !all) {
        for (const { start } of blocks.slice(1).reverse()) {
          const lineBreak = new Slice(Fragment.from(schema.nodes.soft_break.create()), 0, 0);
          if (tr.doc.resolve(start).nodeBefore?.type === schema.nodes.code_block) tr.step(new ReplaceStep(start - 1, start + 1, lineBreak));
        }
      }
      dispatch(tr.scrollIntoView());
    }
    return true;
  };
}

function indentLimit(doc: Node, index: number, kind: string): number {
  return isItem(kind) ? levelLimit(shownLevel(doc, index - 1)) : MAX_INDENT;
}

/** Moves the selected blocks a level in (1) or out (-1). */
export function indent(by: 1 | -1): Command {
  return (state, dispatch) => {
    const tr = state.tr;
    for (const { node, start } of selectedBlocks(state)) {
      const kind = kindOf(markerOf(node));
      if (/^heading|^divider$|^code$/.test(kind) || !isText(node)) continue;
      const index = tr.doc.resolve(start).index(0);
      const level = shownLevel(tr.doc, index);
      const limit = by === 1 ? indentLimit(tr.doc, index, kind) : MAX_INDENT;
      const next = Math.max(0, Math.min(limit, level + by));
      if ((next - level) * by > 0) setMarker(tr, start, { indent: next === 0 ? null : next });
    }
    if (tr.docChanged) dispatch?.(tr.scrollIntoView());
    // Tab means a level here even where there is none to go to: focus never leaves the text by accident.
    return true;
  };
}

export const insertTab: Command = (state, dispatch) => {
  if (!inCode(state)) return false;
  dispatch?.(state.tr.insertText("\t").scrollIntoView());
  return true;
};

export function inCode(state: EditorState): boolean {
  return state.selection.$from.parent.type === schema.nodes.code_block;
}

export const softBreak: Command = (state, dispatch) => {
  const { $from } = state.selection;
  if ($from.depth === 0) return false;
  const marks = state.storedMarks ?? $from.marks();
  dispatch?.(state.tr.replaceSelectionWith(schema.nodes.soft_break.create(null, null, marks), false).scrollIntoView());
  return true;
};

/** The marker that goes on after a block is divided: its kind and its level, nothing that was said of that block alone. */
function following(block: Marker, level: number): Marker {
  const kind = kindOf(block);
  const goesOn = isItem(kind) || kind === "quote" || kind === "paragraph" || /^heading[123]$/.test(kind);
  return marker(goesOn ? (kind as Kind) : "paragraph", level > 0 ? { indent: level } : {});
}

function insertBlock(tr: Transaction, position: number, block: Marker): Transaction {
  return tr.step(new ReplaceStep(position, position, new Slice(Fragment.from(blockNode(block)), 0, 0)));
}

function placeCaret(tr: Transaction, position: number): Transaction {
  return tr.setSelection(TextSelection.create(tr.doc, position)).scrollIntoView();
}

/** A new paragraph after the block that starts at `start`, with the caret in it. */
function paragraphAfter(tr: Transaction, start: number): Transaction {
  const end = start + (tr.doc.nodeAt(start)?.nodeSize ?? 0);
  return placeCaret(insertBlock(tr, end, marker("paragraph")), end + 1);
}

/** What is typed on a divider goes into a paragraph below it. */
export function typeBelowDivider(state: EditorState, text: string): Transaction | null {
  const here = caretBlock(state);
  if (here?.kind !== "divider" || here.node.content.size > 0) return null;
  return paragraphAfter(state.tr, here.start).insertText(text).scrollIntoView();
}

const enterInCode: Command = (state, dispatch) => {
  const here = caretBlock(state);
  if (!inCode(state)) return false;
  const lines = here?.node.textBetween(0, here.node.content.size) ?? "";
  if (here && here.offset === here.node.content.size && lines.endsWith("\n\n")) {
    // A third Enter at the end leaves the code; the two empty lines were only the way out.
    if (dispatch) {
      const end = here.start + 1 + here.offset;
      dispatch(paragraphAfter(state.tr.delete(end - 2, end), here.start));
    }
    return true;
  }
  return softBreak(state, dispatch);
};

/** Leaves code, or any block, for a new paragraph below it. */
export const newParagraphBelow: Command = (state, dispatch) => {
  const { $to } = state.selection;
  if ($to.depth === 0) return false;
  dispatch?.(paragraphAfter(state.tr, $to.before()));
  return true;
};

const enterWithFence: Command = (state, dispatch) => {
  const here = caretBlock(state);
  if (here?.kind !== "paragraph" || here.offset !== here.node.content.size) return false;
  const fence = /^```([\w+#.-]*)$/.exec(here.node.textContent);
  if (fence === null) return false;
  if (dispatch) {
    const tr = state.tr.delete(here.start + 1, here.start + 1 + here.offset);
    setMarker(tr, here.start, { kind: "code", indent: null, ...(fence[1] ? { language: fence[1] } : {}) });
    dispatch(tr.scrollIntoView());
  }
  return true;
};

const enterInEmptyItem: Command = (state, dispatch) => {
  const here = caretBlock(state);
  if (here === null || here.node.content.size > 0 || !(isItem(here.kind) || here.kind === "quote")) return false;
  return stepBack(here)(state, dispatch);
};

/** One step on the way from an indented item to a plain paragraph. */
function stepBack(here: Here): Command {
  return (state, dispatch) => {
    const { level } = here;
    const change = level > 0 ? { indent: level === 1 ? null : level - 1 } : { kind: "paragraph" };
    dispatch?.(setMarker(state.tr, here.start, change).scrollIntoView());
    return true;
  };
}

const splitHere: Command = (state, dispatch) => {
  if (!state.selection.empty && state.selection.$from.depth === 0) return false;
  if (dispatch) {
    const tr = state.tr;
    if (!state.selection.empty) tr.deleteSelection();
    const { $from } = tr.selection;
    if ($from.depth === 0) return false;
    const block = markerOf($from.parent);
    const start = $from.before();
    const level = shownLevel(tr.doc, $from.index(0));
    const [atStart, atEnd] = [$from.parentOffset === 0, $from.parentOffset === $from.parent.content.size];
    const kind = kindOf(block);
    const heading = /^heading/.test(kind);
    if (kind === "divider") {
      dispatch(paragraphAfter(tr, start));
    } else if (atStart && !atEnd) {
      // The text keeps its block, and an empty one goes before it: what others say of the block goes on being
      // about this text.
      insertBlock(tr, start, heading ? marker("paragraph") : following(block, level));
      dispatch(tr.scrollIntoView());
    } else {
      const next = heading && atEnd ? marker("paragraph") : following(block, level);
      const halves = Fragment.from([$from.parent.copy(Fragment.empty), blockNode(next)]);
      tr.step(new ReplaceStep($from.pos, $from.pos, new Slice(halves, 1, 1)));
      dispatch(tr.scrollIntoView());
    }
  }
  return true;
};

function firstOf(...commands: Command[]): Command {
  return (state, dispatch, view) => commands.some((command) => command(state, dispatch, view));
}

export const enter = firstOf(enterInCode, enterWithFence, enterInEmptyItem, splitHere);

function removeBlock(tr: Transaction, index: number): Transaction {
  return tr.delete(blockStart(tr.doc, index), blockStart(tr.doc, index + 1));
}

/** Backspace before the first letter of a block. Elsewhere the browser's own deletion is the right one. */
export const backspaceAtStart: Command = (state, dispatch) => {
  const here = caretBlock(state);
  if (here === null || here.offset > 0) return false;
  if (isItem(here.kind) || here.kind === "quote" || here.level > 0) return stepBack(here)(state, dispatch);
  if (isMedia(here.kind)) return leaveCaption(here)(state, dispatch);
  const previous = here.index > 0 ? state.doc.child(here.index - 1) : null;
  if (previous !== null && isMedia(kindOf(markerOf(previous)))) {
    // An image doesn't go because something below it does: the caret comes to it first.
    if (dispatch) {
      const tr = here.node.content.size === 0 ? removeBlock(state.tr, here.index) : state.tr;
      dispatch(placeCaret(tr, here.start - 1));
    }
    return true;
  }
  if (previous !== null && previous.content.size === 0 && previous.type !== schema.nodes.opaque_block) {
    // The empty block goes as a whole, so that this one keeps its kind.
    dispatch?.(removeBlock(state.tr, here.index - 1).scrollIntoView());
    return true;
  }
  if (here.kind !== "paragraph") {
    dispatch?.(setMarker(state.tr, here.start, { kind: "paragraph" }).scrollIntoView());
    return true;
  }
  if (previous !== null && previous.type !== schema.nodes.opaque_block) {
    dispatch?.(state.tr.delete(here.start - 1, here.start + 1).scrollIntoView());
  }
  return true;
};

/** Takes an image or a file away from its caption, which stays as a paragraph. */
function leaveCaption(here: Here): Command {
  return (state, dispatch) => {
    const gone = Object.fromEntries(MEDIA_ATTRIBUTES.map((key) => [key, null]));
    dispatch?.(setMarker(state.tr, here.start, { ...gone, kind: "paragraph" }).scrollIntoView());
    return true;
  };
}

/** Delete after the last letter of a block. */
export const deleteAtEnd: Command = (state, dispatch) => {
  const here = caretBlock(state);
  if (here === null || here.offset < here.node.content.size) return false;
  if (isMedia(here.kind) && here.node.content.size === 0) return leaveCaption(here)(state, dispatch);
  if (here.index + 1 >= state.doc.childCount) return true;
  const next = state.doc.child(here.index + 1);
  const end = here.start + here.node.nodeSize;
  if (next.type === schema.nodes.opaque_block) return true;
  if (isMedia(kindOf(markerOf(next)))) {
    if (dispatch) {
      const goes = here.node.content.size === 0 && !isMedia(here.kind);
      const tr = goes ? removeBlock(state.tr, here.index) : state.tr;
      dispatch(placeCaret(tr, goes ? here.start + 1 : end + 1));
    }
    return true;
  }
  if (here.node.content.size === 0) {
    if (dispatch) dispatch(placeCaret(removeBlock(state.tr, here.index), here.start + 1));
  } else if (next.type === schema.nodes.divider && next.content.size === 0) {
    dispatch?.(removeBlock(state.tr, here.index + 1).scrollIntoView());
  } else {
    dispatch?.(state.tr.delete(end - 1, end + 1).scrollIntoView());
  }
  return true;
};

/** Down from the last line of code at the end of the page: a way out where there is no block to go to. */
export const leaveLastBlock: Command = (state, dispatch, view) => {
  const here = caretBlock(state);
  if (here === null || here.index + 1 < state.doc.childCount) return false;
  if (here.kind !== "code" && here.kind !== "divider" && !isMedia(here.kind)) return false;
  if (view && !view.endOfTextblock("down")) return false;
  dispatch?.(paragraphAfter(state.tr, here.start));
  return true;
};

/** Checks or unchecks the task that starts at `start`. */
export function toggleChecked(start: number): Command {
  return (state, dispatch) => {
    const node = state.doc.nodeAt(start);
    if (node?.type !== schema.nodes.task) return false;
    dispatch?.(setMarker(state.tr, start, { checked: !isChecked(markerOf(node)) }));
    return true;
  };
}

export const toggleTasks: Command = (state, dispatch) => {
  const tasks = selectedBlocks(state).filter(({ node }) => node.type === schema.nodes.task);
  if (tasks.length === 0) return false;
  const checked = !tasks.every(({ node }) => isChecked(markerOf(node)));
  if (dispatch) {
    const tr = state.tr;
    for (const { start } of tasks) setMarker(tr, start, { checked });
    dispatch(tr);
  }
  return true;
};

/** The language of the code that the caret is in; null where it isn't in code. */
export function codeLanguage(state: EditorState): string | null {
  return inCode(state) ? languageOf(markerOf(state.selection.$from.parent)) : null;
}
