/** Markdown as it is typed. Each rule is one transaction, which Backspace or undo right after it takes back. */

import { InputRule, inputRules } from "prosemirror-inputrules";
import { Fragment, Slice } from "prosemirror-model";
import { TextSelection, type EditorState, type Plugin, type Transaction } from "prosemirror-state";
import { ReplaceStep } from "prosemirror-transform";

import type { Value } from "../bindings/Value";
import { blockNode } from "../model/blocks";
import { linkFromInput } from "../model/links";
import { kindOf, marker, type Kind } from "../model/marker";
import { markerOf, schema } from "../model/schema";
import { setMarker } from "../model/set";

/** At the start of a block, what was typed goes and the block takes another kind. */
function blockRule(pattern: RegExp, from: RegExp, change: (match: RegExpMatchArray) => Record<string, Value | null>): InputRule {
  return new InputRule(pattern, (state, match, start, end) => {
    const $start = state.doc.resolve(start);
    if (!from.test(kindOf(markerOf($start.parent)))) return null;
    return setMarker(state.tr.delete(start, end), $start.before(), change(match));
  });
}

const TEXT = /^(paragraph|heading[123])$/;
const TEXT_OR_ITEM = /^(paragraph|bullet|number|task)$/;

/** Around some text, the signs go and the text takes a mark. The pattern's groups: what stands before, the text. */
function markRule(pattern: RegExp, sign: string, mark: "bold" | "italic" | "code"): InputRule {
  return new InputRule(pattern, (state, match, start, end) => {
    const [whole, before = "", text = ""] = match;
    const open = start + before.length;
    const close = open + sign.length + text.length;
    if (touchesCode(state, open, end)) return null;
    const tr = state.tr;
    // The last sign's last character is the one being typed: it isn't in the document yet.
    if (end > close) tr.delete(close, end);
    tr.delete(open, open + sign.length);
    tr.addMark(open, open + text.length, schema.marks[mark].create());
    return whole === "" ? null : tr.removeStoredMark(schema.marks[mark]);
  });
}

const linkRule = new InputRule(/\[([^\][]+)\]\(([^()\s]+)\)$/, (state, match, start, end) => {
  const [, text = "", address = ""] = match;
  const href = linkFromInput(address);
  if (href === null || touchesCode(state, start, end)) return null;
  const tr = state.tr.delete(start + 1 + text.length, end).delete(start, start + 1);
  return tr.addMark(start, start + text.length, schema.marks.link.create({ href })).removeStoredMark(schema.marks.link);
});

function touchesCode(state: EditorState, from: number, to: number): boolean {
  return state.doc.rangeHasMark(from, to, schema.marks.code);
}

const dividerRule = new InputRule(/^---$/, (state, _match, start, end): Transaction | null => {
  const $start = state.doc.resolve(start);
  if (kindOf(markerOf($start.parent)) !== "paragraph" || end !== $start.end()) return null;
  const block = $start.before();
  const tr = setMarker(state.tr.delete(start, end), block, { kind: "divider", indent: null });
  const after = block + 2;
  tr.step(new ReplaceStep(after, after, new Slice(Fragment.from(blockNode(marker("paragraph"))), 0, 0)));
  return tr.setSelection(TextSelection.create(tr.doc, after + 1));
});

export function markdownRules(): Plugin {
  return inputRules({
    rules: [
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
    ],
  });
}
