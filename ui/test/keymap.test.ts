import { describe, expect, test } from "vitest";

import { Typist } from "./typist";

const TABLE: [what: string, before: string, keys: string[], after: string][] = [
  ["Enter in the middle", "ab|cd", ["Enter"], "ab\n|cd"],
  ["Enter with a selection", "a[bc]d", ["Enter"], "a\n|d"],
  ["Enter over several blocks", "a[b\n# c]d", ["Enter"], "a\n|d"],
  ["Enter at the end of a heading", "# ab|", ["Enter"], "# ab\n|"],
  ["Enter within a heading", "# a|b", ["Enter"], "# a\n# |b"],
  ["Enter at the start keeps the block", "# |ab", ["Enter"], "\n# |ab"],
  ["Enter at the start of an item", "- |ab", ["Enter"], "- \n- |ab"],
  ["Enter in an item goes on with the list", "- p\n.1 ab|", ["Enter"], "- p\n.1 ab\n.1 |"],
  ["Enter in a checked task goes on unchecked", "x ab|", ["Enter"], "x ab\no |"],
  ["Enter in an empty item ends the list", "- a\n- |", ["Enter"], "- a\n|"],
  ["Enter in an empty nested item comes out a level", "- a\n.- |", ["Enter"], "- a\n- |"],
  ["Enter in an empty quote", "> a\n> |", ["Enter"], "> a\n|"],
  ["Enter in code is a line", "$ a|b", ["Enter"], "$ a↵|b"],
  ["three times Enter at the end leaves code", "$ a|", ["Enter", "Enter", "Enter"], "$ a\n|"],
  ["Enter in a divider", "= |", ["Enter"], "= \n|"],
  ["Shift+Enter", "- a|b", ["Shift-Enter"], "- a↵|b"],
  ["Mod+Enter leaves code", "$ a|b", ["Mod-Enter"], "$ ab\n|"],
  ["Mod+Enter checks a task", "o a|b", ["Mod-Enter"], "x a|b"],
  ["Backspace makes an item text", "- |ab", ["Backspace"], "|ab"],
  ["Backspace comes out a level first", "- a\n.- |ab", ["Backspace"], "- a\n- |ab"],
  ["Backspace then joins", "ab\n- |cd", ["Backspace", "Backspace"], "ab|cd"],
  ["Backspace makes a heading text", "ab\n# |cd", ["Backspace"], "ab\n|cd"],
  ["Backspace after an empty block keeps the heading", "\n# |cd", ["Backspace"], "# |cd"],
  ["Backspace after what isn't known does nothing", "? ab\n|cd", ["Backspace"], "? ab\n|cd"],
  ["Backspace in an empty paragraph", "# ab\n|", ["Backspace"], "# ab|"],
  ["Backspace over a selection keeps the first block", "# a[b\n- c]d", ["Backspace"], "# a|d"],
  ["Delete at the end", "# ab|\n- cd", ["Delete"], "# ab|cd"],
  ["Delete in an empty block keeps the next", "|\n# cd", ["Delete"], "# |cd"],
  ["Delete before a divider", "ab|\n= \ncd", ["Delete"], "ab|\ncd"],
  ["Tab indents an item one level below the one before", "- a\n- b|", ["Tab", "Tab"], "- a\n.- b|"],
  ["Tab indents no first item", "- a|", ["Tab"], "- a|"],
  ["Tab indents text", "a|", ["Tab"], ".a|"],
  ["Shift+Tab", "- p\n.- q\n..- a|", ["Shift-Tab"], "- p\n.- q\n.- a|"],
  ["Shift+Tab goes by the level that is shown", "- p\n...- a|", ["Shift-Tab"], "- p\n- a|"],
  ["Tab goes no deeper than what is shown", "- p\n...- a|", ["Tab"], "- p\n...- a|"],
  ["Enter goes on at the level that is shown", "- p\n...- a|", ["Enter"], "- p\n...- a\n.- |"],
  ["Tab in code", "$ a|b", ["Tab"], "$ a\t|b"],
  ["Tab in a heading", "# a|", ["Tab"], "# a|"],
  ["a heading by key", "ab|", ["Mod-Alt-2"], "## ab|"],
  ["and back", "## ab|", ["Mod-Alt-0"], "ab|"],
  ["a list by key", "a[b\nc]d", ["Mod-Shift-8"], "- a[b\n- c]d"],
  ["the same key takes it away", "- a[b\n- c]d", ["Mod-Shift-8"], "a[b\nc]d"],
  ["numbers and tasks", "ab|", ["Mod-Shift-7", "Mod-Shift-9"], "o ab|"],
  ["bold", "a[b]c", ["Mod-b"], "a*[b*]c"],
  ["code as a mark", "a[b]c", ["Mod-e"], "a`[b`]c"],
  ["no marks in code", "$ a[b]c", ["Mod-b"], "$ a[b]c"],
  ["underline is nothing", "a[b]c", ["Mod-u"], "a[b]c"],
  ["everything", "a|b\n- cd", ["Mod-a", "Backspace"], "|"],
  ["undo and redo", "# ab|", ["Mod-Alt-0", "Mod-z", "Mod-Shift-z", "Mod-z"], "# ab|"],
  ["down from code at the end", "$ ab|", ["ArrowDown"], "$ ab\n|"],
];

describe("keys", () => {
  test.each(TABLE)("%s", async (_what, before, pressed, after) => {
    const typist = await Typist.open(before);
    for (const chord of pressed) await typist.pressed(chord);
    expect(typist.page).toBe(after);
    expect(await typist.agrees()).toBe(true);
  });

  test("after Enter at the end of bold text, what is typed is plain", async () => {
    const typist = await Typist.open("a*b|*");
    typist.press("Enter");
    typist.type("c");
    expect(typist.page).toBe("a*b*\nc|");
  });

  test("Enter after a fence makes code", async () => {
    const typist = await Typist.open("|");
    typist.type("```js");
    typist.press("Enter");
    expect(typist.page).toBe("$ |");
    expect(typist.view.state.doc.firstChild?.attrs.marker).toEqual({ kind: "code", language: "js" });
  });

  test("what is typed on a divider goes below it", async () => {
    const typist = await Typist.open("= |\nab");
    typist.type("cd");
    expect(typist.page).toBe("= \ncd|\nab");
    expect(await typist.agrees()).toBe(true);
  });

  test("Mod+K asks for a link", async () => {
    const typist = await Typist.open("a[b]c");
    typist.press("Mod-k");
    expect(typist.linkAsked).toBe(1);
  });

  test("undoing a kind leaves what somebody else set meanwhile", async () => {
    const typist = await Typist.open("ab|");
    typist.press("Mod-Alt-1");
    await typist.document.exchange.drained();
    typist.twin.remotely(typist.document.id, () => [{ type: "set", block: 0, attrs: { indent: 2 } }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(typist.page).toBe("..# ab|");
    await typist.pressed("Mod-z");
    expect(typist.page).toBe("..ab|");
    expect(await typist.agrees()).toBe(true);
  });

  test("undo that takes the last block away leaves an empty paragraph, here and in the session", async () => {
    const typist = await Typist.open("|");
    typist.type("ab");
    typist.press("Mod-Enter");
    await typist.document.exchange.drained();
    // Somebody takes away the block that was there first; what is left is the writer's own.
    typist.twin.remotely(typist.document.id, () => [{ type: "remove", block: 0, count: 1 }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(typist.page).toBe("|");
    await typist.pressed("Mod-z");
    expect(typist.document.state.doc.childCount).toBe(1);
    expect(typist.page).toBe("|");
    expect(await typist.agrees()).toBe(true);
    await typist.pressed("Mod-Shift-z");
    expect(typist.document.state.doc.childCount).toBe(1);
    expect(await typist.agrees()).toBe(true);
    typist.type("x");
    expect(typist.page).toBe("x|");
    expect(await typist.agrees()).toBe(true);
  });

  test("undo leaves what somebody else wrote", async () => {
    const typist = await Typist.open("ab|");
    typist.type("c");
    await typist.document.exchange.drained();
    typist.twin.remotely(typist.document.id, () => [
      { type: "splice", from: { block: 0, offset: 0 }, to: { block: 0, offset: 0 }, insert: [{ text: "zz", marks: {} }] },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(typist.page).toBe("zzabc|");
    await typist.pressed("Mod-z");
    expect(typist.page).toBe("zzab|");
    expect(await typist.agrees()).toBe(true);
  });
});
