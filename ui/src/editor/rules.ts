/**
 * Markdown as it is typed. What was typed is on the page first, and what a rule makes of it is a step of its own: so
 * undo gives it back, and Backspace right after it asks for that undo.
 */

import { Fragment, Slice } from "prosemirror-model";
import { Plugin, PluginKey, TextSelection, type Command, type EditorState, type Transaction } from "prosemirror-state";
import { ReplaceStep } from "prosemirror-transform";
import type { EditorView } from "prosemirror-view";

import type { Value } from "../bindings/Value";
import { blockNode } from "../model/blocks";
import { linkFromInput } from "../model/links";
import { kindOf, marker, type Kind } from "../model/marker";
import { isPatch } from "../model/project";
import { markerOf, schema } from "../model/schema";
import { setMarker } from "../model/set";

interface Rule {
  /** What stands before the caret. */
  pattern: RegExp;
  /** Null where it isn't to be formatted after all. */
  format: (state: EditorState, match: RegExpMatchArray, start: number, end: number) => Transaction | null;
}

/** At the start of a block, what was typed goes and the block takes another kind. */
function blockRule(pattern: RegExp, from: RegExp, change: (match: RegExpMatchArray) => Record<string, Value | null>): Rule {
  return {
    pattern,
    format: (state, match, start, end) => {
      const $start = state.doc.resolve(start);
      if (!from.test(kindOf(markerOf($start.parent)))) return null;
      return setMarker(state.tr.delete(start, end), $start.before(), change(match));
    },
  };
}

const TEXT = /^(paragraph|heading[123])$/;
const TEXT_OR_ITEM = /^(paragraph|bullet|number|task)$/;

/** Around some text, the signs go and the text takes a mark. The pattern's groups: what stands before, the text. */
function markRule(pattern: RegExp, sign: string, mark: "bold" | "italic" | "code"): Rule {
  return {
    pattern,
    format: (state, match, start, end) => {
      const [, before = "", text = ""] = match;
      const open = start + before.length;
      if (touchesCode(state, open, end)) return null;
      const tr = state.tr.delete(end - sign.length, end).delete(open, open + sign.length);
      tr.addMark(open, open + text.length, schema.marks[mark].create());
      return tr.removeStoredMark(schema.marks[mark]);
    },
  };
}

const linkRule: Rule = {
  pattern: /\[([^\][]+)\]\(([^()\s]+)\)$/,
  format: (state, match, start, end) => {
    const [, text = "", address = ""] = match;
    const href = linkFromInput(address);
    if (href === null || touchesCode(state, start, end)) return null;
    const tr = state.tr.delete(start + 1 + text.length, end).delete(start, start + 1);
    return tr.addMark(start, start + text.length, schema.marks.link.create({ href })).removeStoredMark(schema.marks.link);
  },
};

function touchesCode(state: EditorState, from: number, to: number): boolean {
  return state.doc.rangeHasMark(from, to, schema.marks.code);
}

const dividerRule: Rule = {
  pattern: /^---$/,
  format: (state, _match, start, end) => {
    const $start = state.doc.resolve(start);
    if (kindOf(markerOf($start.parent)) !== "paragraph" || end !== $start.end()) return null;
    const block = $start.before();
    const tr = setMarker(state.tr.delete(start, end), block, { kind: "divider", indent: null });
    const after = block + 2;
    tr.step(new ReplaceStep(after, after, new Slice(Fragment.from(blockNode(marker("paragraph"))), 0, 0)));
    return tr.setSelection(TextSelection.create(tr.doc, after + 1));
  },
};

const RULES: readonly Rule[] = [
  blockRule(/^(#{1,3})\s$/, TEXT, (match) => ({ kind: `heading${match[1]?.length ?? 1}` as Kind, indent: null })),
  blockRule(/^[-*+]\s$/, TEXT, () => ({ kind: "bullet" })),
  blockRule(/^\d{1,3}[.)]\s$/, TEXT, () => ({ kind: "number" })),
  blockRule(/^\[ ?\]\s$/, TEXT_OR_ITEM, () => ({ kind: "task", checked: null })),
  blockRule(/^\[[xX]\]\s$/, TEXT_OR_ITEM, () => ({ kind: "task", checked: true })),
  blockRule(/^>\s$/, TEXT, () => ({ kind: "quote" })),
  blockRule(/^```([\w+#.-]*)\s$/, /^paragraph$/, (match) => ({
    kind: "code",
    indent: null,
    ...(match[1] ? { language: match[1] } : {}),
  })),
  dividerRule,
  markRule(/(^|[^*])\*\*([^*\s](?:[^*]*[^*\s])?)\*\*$/, "**", "bold"),
  markRule(/(^|[^_\w])__([^_\s](?:[^_]*[^_\s])?)__$/, "__", "bold"),
  markRule(/(^|[^*])\*([^*\s](?:[^*]*[^*\s])?)\*$/, "*", "italic"),
  markRule(/(^|[^_\w])_([^_\s](?:[^_]*[^_\s])?)_$/, "_", "italic"),
  markRule(/(^|[^`])`([^`]+)`$/, "`", "code"),
  linkRule,
];

/** So much of the text before the caret is looked at. */
const REACH = 500;

/** The text before a position, soft breaks as one character each; none in code, where signs are signs. */
function textBefore(state: EditorState, position: number): string | null {
  const $at = state.doc.resolve(position);
  if ($at.depth === 0 || $at.parent.type.spec.code) return null;
  return $at.parent.textBetween(Math.max(0, $at.parentOffset - REACH), $at.parentOffset, null, "\ufffc");
}

/** Formats what stands before the caret, if the last `typed` characters of it make something that a rule knows. */
function format(view: EditorView, typed: number): void {
  const { state } = view;
  const caret = state.selection.empty ? state.selection.head : null;
  const text = caret === null ? null : textBefore(state, caret);
  if (caret === null || text === null || view.composing) return;
  for (const rule of RULES) {
    const match = rule.pattern.exec(text);
    if (match === null || match[0].length < typed) continue;
    const tr = rule.format(state, match, caret - match[0].length, caret);
    if (tr === null) continue;
    view.dispatch(tr.setMeta(FORMATTED, true));
    return;
  }
}

/** Whether the last thing that the writer did was formatted as he typed it. */
const FORMATTED = new PluginKey<boolean>("formatted");

/** Takes back what a rule made just now; else it does nothing. */
export function undoFormat(undo: Command): Command {
  return (state, dispatch, view) => {
    if (FORMATTED.getState(state) !== true) return false;
    if (dispatch) {
      // Asked for once, it is on its way.
      dispatch(state.tr.setMeta(FORMATTED, false));
      undo(state, dispatch, view);
    }
    return true;
  };
}

export function markdownRules(): Plugin<boolean> {
  return new Plugin<boolean>({
    key: FORMATTED,
    state: {
      init: () => false,
      apply: (tr, formatted) => {
        const told = tr.getMeta(FORMATTED) as boolean | undefined;
        if (told !== undefined) return told;
        // What others write meanwhile takes nothing from it; an undo does, which puts the caret.
        return formatted && !tr.selectionSet && (isPatch(tr) || !tr.docChanged);
      },
    },
    props: {
      handleTextInput: (view, from, _to, text, insert) => {
        const before = textBefore(view.state, from);
        if (view.composing || before === null || !RULES.some(({ pattern }) => pattern.test(before + text))) return false;
        view.dispatch(insert());
        format(view, text.length);
        return true;
      },
      handleDOMEvents: {
        // The browser settles the composed text after it has said that it ends.
        compositionend: (view) => {
          setTimeout(() => {
            if (!view.isDestroyed) format(view, 0);
          });
          return false;
        },
      },
    },
  });
}
