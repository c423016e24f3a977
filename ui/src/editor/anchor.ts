/** Keeps what is being read where it is on the screen while something above it changes. */

import type { Transaction } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";

function scroller(view: EditorView): HTMLElement | null {
  return view.dom.closest<HTMLElement>("[data-scroller]");
}

/** The caret where it can be seen, else the first text that can. */
function anchorPosition(view: EditorView, box: DOMRect): number | null {
  const head = view.state.selection.head;
  const caret = view.coordsAtPos(head);
  if (view.hasFocus() && caret.bottom > box.top && caret.top < box.bottom) return head;
  const left = view.dom.getBoundingClientRect().left + 1;
  return view.posAtCoords({ left, top: box.top + 1 })?.pos ?? null;
}

/** Runs `update`, which applies `tr` to the view, and scrolls by as much as the anchor has moved. */
export function holdStill(view: EditorView, tr: Transaction, update: () => void): void {
  const scroll = scroller(view);
  const anchor = scroll && scroll.scrollHeight > scroll.clientHeight ? anchorPosition(view, scroll.getBoundingClientRect()) : null;
  if (scroll === null || anchor === null || scroll.scrollTop === 0) {
    update();
    return;
  }
  const before = view.coordsAtPos(anchor).top;
  update();
  const after = view.coordsAtPos(tr.mapping.map(anchor)).top;
  scroll.scrollTop += after - before;
}
