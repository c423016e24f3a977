/** Shows each block at its level, for the eye and for screen readers. */

import type { Node } from "prosemirror-model";
import { Plugin } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";

import { levelBelow } from "../model/levels";
import { isItem, kindOf } from "../model/marker";
import { markerOf } from "../model/schema";

function decorate(doc: Node): DecorationSet {
  const decorations: Decoration[] = [];
  let level = -1;
  doc.forEach((node, start) => {
    level = levelBelow(node, level);
    const shown = {
      ...(level > 0 ? { "data-indent": String(level) } : {}),
      ...(isItem(kindOf(markerOf(node))) ? { "aria-level": String(level + 1) } : {}),
    };
    if (Object.keys(shown).length > 0) decorations.push(Decoration.node(start, start + node.nodeSize, shown));
  });
  return DecorationSet.create(doc, decorations);
}

/** Whether only text has changed, which is so with almost every key. */
function sameMarkers(before: Node, after: Node): boolean {
  if (before.childCount !== after.childCount) return false;
  for (let i = 0; i < before.childCount; i += 1) {
    if (markerOf(before.child(i)) !== markerOf(after.child(i))) return false;
  }
  return true;
}

export function levels(): Plugin<DecorationSet> {
  const plugin: Plugin<DecorationSet> = new Plugin<DecorationSet>({
    state: {
      init: (_config, state) => decorate(state.doc),
      apply: (tr, shown) => {
        if (!tr.docChanged) return shown;
        return sameMarkers(tr.before, tr.doc) ? shown.map(tr.mapping, tr.doc) : decorate(tr.doc);
      },
    },
    props: { decorations: (state) => plugin.getState(state) },
  });
  return plugin;
}
