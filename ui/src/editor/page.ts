/** The page is never without a block, as the session's is not: there would be no place for the caret. */

import { Fragment, Slice } from "prosemirror-model";
import { Plugin, TextSelection } from "prosemirror-state";
import { ReplaceStep } from "prosemirror-transform";

import { blockNode } from "../model/blocks";
import { marker } from "../model/marker";

export function oneBlock(): Plugin {
  return new Plugin({
    appendTransaction: (_transactions, _before, state) => {
      if (state.doc.childCount > 0) return null;
      // No command comes to this, but what a browser makes of a page may.
      const tr = state.tr.step(new ReplaceStep(0, 0, new Slice(Fragment.from(blockNode(marker("paragraph"))), 0, 0)));
      return tr.setSelection(TextSelection.create(tr.doc, 1));
    },
  });
}
