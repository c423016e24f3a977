/** Whether there is something to undo and to redo, as far as the page knows; the session, which does it, tells. */

import { Plugin, PluginKey, type EditorState, type Transaction } from "prosemirror-state";

import { isPatch } from "../model/project";

export interface Turns {
  undo: boolean;
  redo: boolean;
}

const KEY = new PluginKey<Turns>("turns");

export function turns({ undo, redo }: Turns): Plugin<Turns> {
  return new Plugin<Turns>({
    key: KEY,
    state: {
      init: () => ({ undo, redo }),
      apply: (tr, value) => {
        const told = tr.getMeta(KEY) as Turns | undefined;
        if (told !== undefined) return told;
        // With what is written anew, what was undone can't be done again.
        return tr.docChanged && !isPatch(tr) ? { undo: true, redo: false } : value;
      },
    },
  });
}

/** Notes on a transaction what the session tells of the page after it. */
export function tellTurns(tr: Transaction, { undo, redo }: Turns): Transaction {
  return tr.setMeta(KEY, { undo, redo } satisfies Turns);
}

export function canTurn(state: EditorState, redo: boolean): boolean {
  const known = KEY.getState(state);
  return known !== undefined && (redo ? known.redo : known.undo);
}
