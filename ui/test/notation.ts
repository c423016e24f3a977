/**
 * Pages as text, for tables of before, action and after. A block a line: its kind as a short sign, its level as
 * leading dots, its text. `|` is the caret, `[` and `]` the ends of a selection, `↵` a soft line break. Marks:
 * *bold*, _italic_, `code`, {text}(address).
 */

import { EditorState, TextSelection } from "prosemirror-state";

import type { Block } from "../src/bindings/Block";
import type { Inline } from "../src/bindings/Inline";
import { SOFT_BREAK, tidyInlines, toBlocks, toDoc } from "../src/model/blocks";
import { indentOf, kindOf, type Marker } from "../src/model/marker";
import { positionOf } from "../src/model/positions";

const SIGNS: [string, Marker][] = [
  ["### ", { kind: "heading3" }],
  ["## ", { kind: "heading2" }],
  ["# ", { kind: "heading1" }],
  ["- ", { kind: "bullet" }],
  ["1 ", { kind: "number" }],
  ["x ", { kind: "task", checked: true }],
  ["o ", { kind: "task" }],
  ["> ", { kind: "quote" }],
  ["$ ", { kind: "code" }],
  ["= ", { kind: "divider" }],
  ["? ", { kind: "sketch" }],
  ["p ", { kind: "paragraph" }],
];

interface Read {
  blocks: Block[];
  anchor: { block: number; offset: number } | null;
  head: { block: number; offset: number } | null;
}

function readLine(line: string): { block: Block; caret: number; open: number; close: number } {
  const level = /^\.*/.exec(line)?.[0].length ?? 0;
  let rest = line.slice(level);
  const [sign, attrs] = SIGNS.find(([sign]) => rest.startsWith(sign) || rest === sign.trim()) ?? ["", { kind: "paragraph" }];
  rest = rest.slice(sign.length);
  const inlines: Inline[] = [];
  let [caret, open, close, offset, linkStart] = [-1, -1, -1, 0, -1];
  const on = { bold: false, italic: false, code: false };
  for (let i = 0; i < rest.length; i += 1) {
    const c = rest[i] ?? "";
    if (c === "|") caret = offset;
    else if (c === "[") open = offset;
    else if (c === "]") close = offset;
    else if (c === "*") on.bold = !on.bold;
    else if (c === "_") on.italic = !on.italic;
    else if (c === "`") on.code = !on.code;
    else if (c === "{") linkStart = inlines.length;
    else if (c === "}") {
      const end = rest.indexOf(")", i);
      const href = rest.slice(i + 2, end);
      for (const inline of inlines.slice(linkStart)) inline.marks = { ...inline.marks, link: href };
      i = end;
    } else {
      const marks = Object.fromEntries(Object.entries(on).filter(([, value]) => value));
      inlines.push({ text: c === "↵" ? SOFT_BREAK : c, marks });
      offset += 1;
    }
  }
  return { block: { attrs: level > 0 ? { ...attrs, indent: level } : attrs, content: tidyInlines(inlines) }, caret, open, close };
}

export function read(text: string): Read {
  const found: Read = { blocks: [], anchor: null, head: null };
  text.split("\n").forEach((line, block) => {
    const { block: made, caret, open, close } = readLine(line);
    found.blocks.push(made);
    if (caret >= 0) found.anchor = found.head = { block, offset: caret };
    if (open >= 0) found.anchor = { block, offset: open };
    if (close >= 0) found.head = { block, offset: close };
  });
  return found;
}

export function stateOf(text: string, plugins: EditorState["plugins"] = []): EditorState {
  const { blocks, anchor, head } = read(text);
  const state = EditorState.create({ doc: toDoc(blocks), plugins: [...plugins] });
  if (anchor === null || head === null) return state;
  const selection = TextSelection.create(state.doc, positionOf(state.doc, anchor), positionOf(state.doc, head));
  return state.apply(state.tr.setSelection(selection));
}

function signOf(attrs: Marker): string {
  const kind = kindOf(attrs);
  if (kind === "paragraph") return "";
  return SIGNS.find(([, sign]) => sign.kind === kind && (sign.checked ?? false) === (attrs.checked ?? false))?.[0] ?? `${kind} `;
}

function marked({ marks }: Inline): [string, string] {
  let [before, after] = ["", ""];
  for (const [key, sign] of [["bold", "*"], ["italic", "_"], ["code", "`"]] as const) {
    if (marks[key] === true) [before, after] = [before + sign, sign + after];
  }
  if (typeof marks.link === "string") [before, after] = [`{${before}`, `${after}}(${marks.link})`];
  return [before, after];
}

/** A page in the notation; with the selection where a state is given. */
export function write(from: readonly Block[] | EditorState): string {
  const state = from instanceof EditorState ? from : null;
  const blocks = from instanceof EditorState ? toBlocks(from.doc) : from;
  let position = 0;
  return blocks
    .map((block) => {
      let at = position + 1;
      let line = ".".repeat(indentOf(block.attrs)) + signOf(block.attrs);
      const note = (where: number): string => {
        if (state === null) return "";
        const { anchor, head, empty } = state.selection;
        if (empty) return where === head ? "|" : "";
        return (where === anchor ? "[" : "") + (where === head ? "]" : "");
      };
      for (const inline of block.content) {
        const [before, after] = marked(inline);
        line += before;
        for (const c of inline.text.split("")) {
          line += note(at) + (c === SOFT_BREAK ? "↵" : c);
          at += 1;
        }
        line += after;
      }
      line += note(at);
      position = at + 1;
      return line;
    })
    .join("\n");
}
