import { describe, expect, test } from "vitest";

import { Typist } from "./typist";

const TABLE: [typed: string, before: string, after: string][] = [
  ["# ", "|ab", "# |ab"],
  ["## ", "|", "## |"],
  ["### ", "|", "### |"],
  ["- ", "|", "- |"],
  ["* ", "|", "- |"],
  ["1. ", "|", "1 |"],
  ["[] ", "|", "o |"],
  ["[ ] ", "- |ab", "o |ab"],
  ["[x] ", "|", "x |"],
  ["> ", "|", "> |"],
  ["``` ", "|", "$ |"],
  ["---", "|", "= \n|"],
  ["**ab**", "z |", "z *ab*|"],
  ["__ab__", "z |", "z *ab*|"],
  ["*ab*", "z |", "z _ab_|"],
  ["_ab_", "z |", "z _ab_|"],
  ["`ab`", "z |", "z `ab`|"],
  ["[ab](https://x.example/)", "z |", "z {ab}(https://x.example/)|"],
];

/** The plain text of each block, which is what the notation can't tell apart from its own signs. */
function texts(typist: Typist): string[] {
  const found: string[] = [];
  typist.view.state.doc.forEach((node) => found.push(`${node.type.name}:${node.textContent}`));
  return found;
}

describe("Markdown as it is typed", () => {
  test.each(TABLE)("%s", async (typed, before, after) => {
    const typist = await Typist.open(before);
    typist.type(typed);
    expect(typist.page).toBe(after);
    expect(await typist.agrees()).toBe(true);
  });

  test.each(TABLE.flatMap((row) => [["Backspace", row] as const, ["Mod-z", row] as const]))("%s right after gives it back: %s", async (key, [typed, before]) => {
    const typist = await Typist.open(before);
    const [head] = texts(typist);
    typist.type(typed);
    await typist.pressed(key);
    const { from } = typist.view.state.selection;
    expect(typist.view.state.doc.textBetween(0, from)).toBe(`${before.replace(/^- /, "").split("|")[0]}${typed}`);
    expect(texts(typist)[0]?.split(":")[0]).toBe(head?.split(":")[0]);
    expect(await typist.agrees()).toBe(true);
  });

  test("what is typed after a mark is plain", async () => {
    const typist = await Typist.open("|");
    typist.type("**ab** c");
    expect(typist.page).toBe("*ab* c|");
  });

  test("nothing happens in code", async () => {
    const typist = await Typist.open("$ |");
    typist.type("- **a** [b](https://x.example/)");
    expect(texts(typist)).toEqual(["code_block:- **a** [b](https://x.example/)"]);
    expect(typist.view.state.doc.firstChild?.firstChild?.marks).toEqual([]);
  });

  test.each(["[ab](javascript:alert(1))", "[ab](data:text/html,x)", "[ab](file:///etc/passwd)"])("%s is no link", async (typed) => {
    const typist = await Typist.open("|");
    typist.type(typed);
    expect(texts(typist)).toEqual([`paragraph:${typed}`]);
  });

  test("a sign within a word is a sign", async () => {
    const typist = await Typist.open("|");
    typist.type("a_b_c 2 * 3 * 4");
    expect(texts(typist)).toEqual(["paragraph:a_b_c 2 * 3 * 4"]);
  });
});
