/** The keys of the page. */

import { chainCommands, deleteSelection } from "prosemirror-commands";
import { keymap } from "prosemirror-keymap";
import type { Command, Plugin } from "prosemirror-state";

import {
  backspaceAtStart,
  deleteAtEnd,
  enter,
  indent,
  insertTab,
  leaveLastBlock,
  newParagraphBelow,
  setKind,
  softBreak,
  toggleTasks,
} from "./blocks";
import { undoFormat } from "./rules";
import { selectAll, toggle } from "./text";

export function keys(editLink: Command, turn: (redo: boolean) => void): Plugin[] {
  const take = (redo: boolean): Command => (_state, dispatch) => {
    if (dispatch) turn(redo);
    return true;
  };
  const backspace = chainCommands(undoFormat(take(false)), deleteSelection, backspaceAtStart);
  const del = chainCommands(deleteSelection, deleteAtEnd);
  const always: Command = () => true;
  return [
    keymap({
      "Mod-b": toggle("bold"),
      "Mod-i": toggle("italic"),
      "Mod-e": toggle("code"),
      "Mod-k": editLink,
      // The browser would underline, which the page can't hold.
      "Mod-u": always,
      "Mod-Alt-0": setKind("paragraph"),
      "Mod-Alt-1": setKind("heading1"),
      "Mod-Alt-2": setKind("heading2"),
      "Mod-Alt-3": setKind("heading3"),
      "Mod-Shift-7": setKind("number"),
      "Mod-Shift-8": setKind("bullet"),
      "Mod-Shift-9": setKind("task"),
      "Mod-Shift-b": setKind("quote"),
      "Mod-Alt-c": setKind("code"),
      Tab: chainCommands(insertTab, indent(1)),
      "Shift-Tab": indent(-1),
      Enter: enter,
      "Shift-Enter": softBreak,
      "Mod-Enter": chainCommands(toggleTasks, newParagraphBelow),
      Backspace: backspace,
      "Mod-Backspace": backspace,
      "Shift-Backspace": backspace,
      "Alt-Backspace": backspace,
      Delete: del,
      "Mod-Delete": del,
      "Alt-Delete": del,
      ArrowDown: leaveLastBlock,
      "Mod-a": selectAll,
      "Mod-z": take(false),
      "Mod-Shift-z": take(true),
      "Mod-y": take(true),
    }),
  ];
}
