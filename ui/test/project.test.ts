import { EditorState } from "prosemirror-state";
import { describe, expect, test } from "vitest";

import type { Block } from "../src/bindings/Block";
import type { Change } from "../src/bindings/Change";
import { applyChanges } from "../src/model/apply";
import { toBlocks, toDoc } from "../src/model/blocks";
import { isPatch, patchTransaction } from "../src/model/project";
import { stateOf, write } from "./notation";
import { Random, randomBlocks, randomChanges } from "./random";

const at = (block: number, offset: number): { block: number; offset: number } => ({ block, offset });
const plain = (text: string): { text: string; marks: Record<string, never> } => ({ text, marks: {} });

const TABLE: [what: string, before: string, changes: Change[], after: string][] = [
  ["text before the caret", "ab|c", [{ type: "splice", from: at(0, 0), to: at(0, 0), insert: [plain("xy")] }], "xyab|c"],
  ["text at the caret goes before it", "ab|c", [{ type: "splice", from: at(0, 2), to: at(0, 2), insert: [plain("x")] }], "abx|c"],
  ["text after the caret", "ab|c", [{ type: "splice", from: at(0, 3), to: at(0, 3), insert: [plain("x")] }], "ab|cx"],
  ["a soft break", "ab|c", [{ type: "splice", from: at(0, 1), to: at(0, 1), insert: [plain("\u2028")] }], "a↵b|c"],
  ["what the caret is in goes", "ab\nc|d\nef", [{ type: "remove", block: 1, count: 1 }], "ab\n|ef"],
  ["over several blocks the first keeps its marker", "# ab\n- cd\n> e|f", [{ type: "splice", from: at(0, 1), to: at(2, 1), insert: [plain("x")] }], "# ax|f"],
  ["a split above", "ab\nc|d", [{ type: "split", at: at(0, 1), attrs: { kind: "quote" } }], "a\n> b\nc|d"],
  ["a split at the caret", "a|b", [{ type: "split", at: at(0, 1), attrs: { kind: "paragraph" } }], "a\n|b"],
  ["a join", "ab\n# c|d", [{ type: "join", block: 1 }], "abc|d"],
  ["new blocks above", "a|b", [{ type: "insert", block: 0, blocks: [{ attrs: { kind: "divider" }, content: [] }] }], "= \na|b"],
  ["another kind under the caret", "a|b", [{ type: "set", block: 0, attrs: { kind: "task", checked: true } }], "x a|b"],
  ["a selection stays", "a[bc]d", [{ type: "mark", from: at(0, 0), to: at(0, 2), key: "bold", value: true }], "*a[b*c]d"],
  ["a link in a link's place", "{ab}(https://x.example/)", [{ type: "mark", from: at(0, 1), to: at(0, 2), key: "link", value: "https://y.example/" }], "{a}(https://x.example/){b}(https://y.example/)"],
  ["a mark over two blocks", "ab\ncd", [{ type: "mark", from: at(0, 1), to: at(1, 1), key: "italic", value: true }], "a_b_\n_c_d"],
];

describe("project", () => {
  test.each(TABLE)("%s", (_what, before, changes, after) => {
    const state = stateOf(before);
    const tr = patchTransaction(state, changes);
    expect(isPatch(tr)).toBe(true);
    const next = state.apply(tr);
    const shown = write(before.includes("|") || before.includes("]") ? next : toBlocks(next.doc));
    expect(shown).toBe(after);
    expect(toBlocks(next.doc)).toEqual(applyChanges(toBlocks(state.doc), changes));
  });

  test.each([11, 12, 13])("random patches give what they say, seed %i", (seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 300; round += 1) {
      const blocks: Block[] = randomBlocks(random);
      const state = EditorState.create({ doc: toDoc(blocks) });
      const changes = randomChanges(random, blocks, 6);
      const next = state.apply(patchTransaction(state, changes));
      next.doc.check();
      expect(toBlocks(next.doc)).toEqual(applyChanges(blocks, changes));
    }
  });

  test("a patch that doesn't fit is refused as a whole", () => {
    const state = stateOf("ab");
    expect(() => patchTransaction(state, [{ type: "splice", from: at(3, 0), to: at(3, 0), insert: [] }])).toThrow(RangeError);
  });
});
