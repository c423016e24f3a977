import { Fragment, Slice } from "prosemirror-model";
import { EditorState, TextSelection, type Command, type Transaction } from "prosemirror-state";
import { describe, expect, test } from "vitest";

import type { Change } from "../src/bindings/Change";
import { backspaceAtStart, deleteAtEnd, enter, indent, newParagraphBelow, setKind, softBreak, toggleTasks } from "../src/editor/blocks";
import { keys } from "../src/editor/keymap";
import { oneBlock } from "../src/editor/page";
import { removeLink, selectAll, setLink, toggle } from "../src/editor/text";
import { applyChanges } from "../src/model/apply";
import { blockNode, toBlocks, toDoc, toNode } from "../src/model/blocks";
import { captureChanges } from "../src/model/capture";
import { marker } from "../src/model/marker";
import { patchTransaction } from "../src/model/project";
import { schema } from "../src/model/schema";
import { read, stateOf, write } from "./notation";
import { Random, randomBlocks, randomChanges, randomInlines } from "./random";

/** Runs a command and gives what was captured, after holding it against the page that it led to. */
function captured(state: EditorState, command: Command): { changes: Change[]; after: EditorState } {
  let changes: Change[] = [];
  let after = state;
  command(state, (tr) => {
    const result = state.applyTransaction(tr);
    changes = captureChanges(result.transactions);
    after = result.state;
  });
  expect(applyChanges(toBlocks(state.doc), changes)).toEqual(toBlocks(after.doc));
  return { changes, after };
}

const remove: Command = (state, dispatch) => {
  dispatch?.(state.tr.deleteSelection());
  return true;
};
const type =
  (text: string): Command =>
  (state, dispatch) => {
    dispatch?.(state.tr.insertText(text));
    return true;
  };
const paste =
  (text: string, open = 1): Command =>
  (state, dispatch) => {
    const content = Fragment.from(read(text).blocks.map(toNode));
    dispatch?.(state.tr.replaceSelection(new Slice(content, open, open)));
    return true;
  };

const TABLE: [what: string, before: string, action: Command, after: string, changes: object[]][] = [
  ["typing", "ab|c", type("x"), "abx|c", [{ type: "splice", from: { block: 0, offset: 2 }, to: { block: 0, offset: 2 }, insert: [{ text: "x", marks: {} }] }]],
  ["typing in bold", "*ab|c*", type("x"), "*abx|c*", [{ type: "splice", insert: [{ text: "x", marks: { bold: true } }] }]],
  ["a soft break", "ab|c", softBreak, "ab↵|c", [{ type: "splice", insert: [{ text: "\u2028", marks: {} }] }]],
  ["deleting within a block", "a[bc]d", remove, "a|d", [{ type: "splice", from: { block: 0, offset: 1 }, to: { block: 0, offset: 3 }, insert: [] }]],
  [
    "deleting from one block into another is one splice",
    "# a[b\n- xx\n> c]d",
    remove,
    "# a|d",
    [{ type: "splice", from: { block: 0, offset: 1 }, to: { block: 2, offset: 1 }, insert: [] }],
  ],
  [
    "typing over several blocks is one splice",
    "# a[b\n- xx\n> c]d",
    type("z"),
    "# az|d",
    [{ type: "splice", from: { block: 0, offset: 1 }, to: { block: 2, offset: 1 }, insert: [{ text: "z", marks: {} }] }],
  ],
  ["deleting whole blocks is a removal", "[ab\ncd\n# ]ef", remove, "# |ef", [{ type: "remove", block: 0, count: 2 }]],
  ["deleting the whole page keeps the first block", "# [ab\ncd]", remove, "# |", [{ type: "splice", from: { block: 0, offset: 0 }, to: { block: 1, offset: 2 } }]],
  ["Backspace at the start joins", "ab\n|cd", backspaceAtStart, "ab|cd", [{ type: "join", block: 1 }]],
  ["Backspace after an empty block removes that", "p \n# |cd", backspaceAtStart, "# |cd", [{ type: "remove", block: 0, count: 1 }]],
  ["Backspace after a divider removes it", "= \n|cd", backspaceAtStart, "|cd", [{ type: "remove", block: 0, count: 1 }]],
  ["Backspace makes a heading a paragraph", "ab\n# |cd", backspaceAtStart, "ab\n|cd", [{ type: "set", block: 1, attrs: { kind: "paragraph" } }]],
  ["Delete at the end joins", "ab|\n# cd", deleteAtEnd, "ab|cd", [{ type: "join", block: 1 }]],
  ["Delete in an empty block removes it", "|\n# cd", deleteAtEnd, "# |cd", [{ type: "remove", block: 0, count: 1 }]],
  ["Enter splits", "a|b", enter, "a\n|b", [{ type: "split", at: { block: 0, offset: 1 }, attrs: { kind: "paragraph" } }]],
  ["Enter at the start puts an empty block before", "# |ab", enter, "\n# |ab", [{ type: "insert", block: 0, blocks: [{ attrs: { kind: "paragraph" }, content: [] }] }]],
  ["Enter after bold text", "*ab|*", enter, "*ab*\n|", [{ type: "split", at: { block: 0, offset: 2 }, attrs: { kind: "paragraph" } }]],
  ["a kind is set, never replaced", "a|b", setKind("heading2"), "## a|b", [{ type: "set", block: 0, attrs: { kind: "heading2" } }]],
  ["indenting", "- x\n- a|b", indent(1), "- x\n.- a|b", [{ type: "set", block: 1, attrs: { indent: 1 } }]],
  ["checking", "o a|b", toggleTasks, "x a|b", [{ type: "set", block: 0, attrs: { checked: true } }]],
  ["bold", "a[b]c", toggle("bold"), "a*[b*]c", [{ type: "mark", from: { block: 0, offset: 1 }, to: { block: 0, offset: 2 }, key: "bold", value: true }]],
  ["bold taken away", "*a[b]c*", toggle("bold"), "*a*[b*]c*", [{ type: "mark", key: "bold", value: null }]],
  ["a link", "a[b]c", setLink("https://x.example/"), "a{[b}(https://x.example/)]c", [{ type: "mark", key: "link", value: "https://x.example/" }]],
  ["another link", "{a|b}(https://x.example/)", setLink("https://y.example/"), "{a|b}(https://y.example/)", [{ type: "mark", key: "link", value: "https://y.example/" }]],
  ["a link taken away", "{a|b}(https://x.example/)", removeLink, "a|b", [{ type: "mark", key: "link", value: null }]],
  [
    "pasting several blocks",
    "# a|b",
    paste("w\n- y\n> z"),
    "# aw\n- y\n> z|b",
    [
      { type: "splice", from: { block: 0, offset: 1 }, insert: [{ text: "w", marks: {} }] },
      { type: "split", at: { block: 0, offset: 2 }, attrs: { kind: "quote" } },
      { type: "insert", block: 1, blocks: [{ attrs: { kind: "bullet" }, content: [{ text: "y", marks: {} }] }] },
      { type: "splice", from: { block: 2, offset: 0 }, insert: [{ text: "z", marks: {} }] },
    ],
  ],
  ["lines made code are one piece of code", "[a\nb\nc]", setKind("code"), "$ [a↵b↵c]", [{ type: "set" }, { type: "set" }, { type: "set" }, { type: "splice" }, { type: "splice" }]],
];

describe("capture", () => {
  test.each(TABLE)("%s", (_what, before, action, after, expected) => {
    const result = captured(stateOf(before), action);
    expect(write(result.after)).toBe(after);
    expect(result.changes).toMatchObject(expected);
    expect(result.changes).toHaveLength(expected.length);
  });

  test("ProseMirror's own way of setting a block's type is a set too", () => {
    const state = stateOf("a|b");
    const { changes } = captured(state, (_, dispatch) => {
      dispatch?.(state.tr.setBlockType(1, 1, schema.nodes.heading, { marker: marker("heading1") }));
      return true;
    });
    expect(changes).toEqual([{ type: "set", block: 0, attrs: { kind: "heading1" } }]);
  });

  test("a step on the marker attribute is a set", () => {
    const state = stateOf("o ab");
    const { changes } = captured(state, (_, dispatch) => {
      dispatch?.(state.tr.setNodeAttribute(0, "marker", { kind: "task", checked: true }));
      return true;
    });
    expect(changes).toEqual([{ type: "set", block: 0, attrs: { checked: true } }]);
  });

  test("a patch is not captured", () => {
    const state = stateOf("ab");
    const tr = patchTransaction(state, [{ type: "set", block: 0, attrs: { kind: "quote" } }]);
    expect(captureChanges(state.applyTransaction(tr).transactions)).toEqual([]);
  });

  test("attributes and marks that aren't known stay", () => {
    const block = { attrs: { kind: "task", source: "a", checked: true }, content: [{ text: "x", marks: { bold: true, spark: 3 } }] };
    expect(toBlocks(toDoc([block]))).toEqual([block]);
    const state = EditorState.create({ doc: toDoc([block]) });
    const { changes, after } = captured(state, setKind("paragraph"));
    expect(changes).toEqual([{ type: "set", block: 0, attrs: { kind: "paragraph" } }]);
    expect(toBlocks(after.doc)[0]?.attrs).toEqual({ kind: "paragraph", source: "a", checked: true });
  });
});

const COMMANDS: Command[] = [
  enter,
  softBreak,
  backspaceAtStart,
  deleteAtEnd,
  newParagraphBelow,
  remove,
  indent(1),
  indent(-1),
  toggle("bold"),
  toggle("italic"),
  toggle("code"),
  setLink("https://z.example/"),
  removeLink,
  toggleTasks,
  selectAll,
  ...(["paragraph", "heading1", "heading3", "bullet", "number", "task", "quote", "code", "divider"] as const).map(setKind),
];

/** Steps as no command makes them, but a browser or a plugin might. */
function oddTransaction(random: Random, state: EditorState): Transaction {
  const tr = state.tr;
  const size = state.doc.content.size;
  const [a, b] = [random.below(size + 1), random.below(size + 1)];
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  const blocks = Fragment.from(randomBlocks(random, 3).map(toNode));
  switch (random.below(7)) {
    case 0:
      return tr.replaceRange(from, to, new Slice(blocks, random.below(2), random.below(2)));
    case 1:
      return tr.replace(from, to, new Slice(blocks, random.below(2), random.below(2)));
    case 2:
      return tr.deleteRange(from, to);
    case 3:
      return tr.addMark(from, to, schema.marks.bold.create());
    case 4:
      return tr.removeMark(from, to);
    case 5:
      return tr.setBlockType(from, to, schema.nodes.quote, { marker: marker("quote") });
    default:
      return tr.insert(state.doc.resolve(from).depth === 0 ? from : state.doc.resolve(from).before(), blockNode(marker("number")));
  }
}

describe("whatever is done, the captured changes lead to the page that the editor shows", () => {
  test.each([1, 2, 3, 4])("seed %i", (seed) => {
    const random = new Random(seed);
    for (let page = 0; page < 100; page += 1) {
      let state = EditorState.create({ doc: toDoc(randomBlocks(random)), plugins: [...keys(() => true, () => {}), oneBlock()] });
      for (let step = 0; step < 25; step += 1) {
        const size = state.doc.content.size;
        const [anchor, head] = [random.below(size + 1), random.chance(2) ? random.below(size + 1) : -1];
        const $anchor = state.doc.resolve(anchor);
        const $head = state.doc.resolve(head < 0 ? anchor : head);
        state = state.apply(state.tr.setSelection(TextSelection.between($anchor, $head)));
        const before = toBlocks(state.doc);
        let tr: Transaction | undefined;
        const kind = random.below(10);
        if (kind < 5) random.pick(COMMANDS)(state, (made) => (tr = made));
        else if (kind < 6) tr = state.tr.insertText(random.pick(["x", "yz ", "語"]));
        else if (kind < 7) tr = state.tr.replaceSelection(new Slice(Fragment.from(randomBlocks(random, 3).map(toNode)), 1, 1));
        else if (kind < 8) tr = state.tr.replaceSelection(new Slice(toNode({ attrs: { kind: "paragraph" }, content: randomInlines(random) }).content, 0, 0));
        else if (kind < 9) tr = oddTransaction(random, state);
        else {
          const changes = randomChanges(random, before);
          state = state.apply(patchTransaction(state, changes));
          expect(toBlocks(state.doc)).toEqual(applyChanges(before, changes));
          state.doc.check();
          continue;
        }
        if (tr === undefined) continue;
        const result = state.applyTransaction(tr);
        const changes = captureChanges(result.transactions);
        state = result.state;
        state.doc.check();
        expect(state.doc.childCount).toBeGreaterThan(0);
        expect(applyChanges(before, changes)).toEqual(toBlocks(state.doc));
      }
    }
  });
});
