import { describe, expect, test } from "vitest";

import { toBlocks } from "../src/model/blocks";
import { write } from "./notation";
import { Typist } from "./typist";

async function pasted(html: string, page = "|"): Promise<Typist> {
  const typist = await Typist.open(page);
  typist.view.pasteHTML(html, new Event("paste") as ClipboardEvent);
  expect(await typist.agrees()).toBe(true);
  return typist;
}

/** Copies the selection and gives the HTML that other programs get. */
function copied(typist: Typist): string {
  return typist.view.serializeForClipboard(typist.view.state.selection.content()).dom.innerHTML;
}

describe("pasting", () => {
  test.each([
    ["paragraphs", "<p>a</p><p>b</p>", "a\nb|"],
    ["headings", "<h1>a</h1><h2>b</h2><h5>c</h5>", "# a\n## b\n### c|"],
    ["marks", "<p>a<b>b</b><i>c</i><code>d</code></p>", "a*b*_c_`d`|"],
    ["Google's bold that isn't", '<b style="font-weight:normal"><p>a<span style="font-weight:700">b</span></p></b>', "a*b*|"],
    ["nested lists", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul><ol><li>d</li></ol>", "- a\n.- b\n- c\n1 d|"],
    ["items with paragraphs", "<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>", "- a\n.b\n- c|"],
    ["tasks", '<ul><li><input type="checkbox" checked> a</li><li><input type="checkbox"> b</li></ul>', "x a\no b|"],
    ["a quote", "<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> b|"],
    ["code", '<pre><code class="language-js">a\n  b\n</code></pre>', "$ a↵  b|"],
    ["a line break", "<p>a<br>b</p>", "a↵b|"],
    ["line ends of the source", "<p>a\n   b</p>", "a b|"],
    ["a table's text", "<table><tr><td>a</td><td>b</td></tr></table>", "a\nb|"],
    ["a script", "<p>a<script>alert(1)</script></p>", "a|"],
    ["an image", '<p>a<img src="https://x.example/y.png" onerror="alert(1)">b</p>', "ab|"],
    ["a link", '<p><a href="https://x.example/">a</a></p>', "{a}(https://x.example/)|"],
    ["a link that may not be one", '<p><a href="javascript:alert(1)">a</a></p>', "a|"],
    ["control characters", "<p>a\u0007b\ufffcc</p>", "abc|"],
  ])("%s", async (_what, html, after) => {
    const typist = await pasted(html);
    expect(typist.page).toBe(after);
  });

  test("into code everything is text", async () => {
    const typist = await Typist.open("$ a|");
    typist.view.pasteText("b\n  *c*\n", new Event("paste") as ClipboardEvent);
    expect(typist.view.state.doc.childCount).toBe(1);
    expect(toBlocks(typist.view.state.doc)[0]?.content).toEqual([{ text: "ab\u2028  *c*\u2028", marks: {} }]);
    expect(await typist.agrees()).toBe(true);
  });

  test("plain text is paragraphs", async () => {
    const typist = await Typist.open("|");
    typist.view.pasteText("a\nb\r\n\r\nc", new Event("paste") as ClipboardEvent);
    expect(typist.page).toBe("a\nb\nc|");
    expect(await typist.agrees()).toBe(true);
  });
});

describe("copying", () => {
  test("other programs get lists as lists", async () => {
    const typist = await Typist.open("- [x\n- a\n.1 b\n.1 c\n- d\n# e\n]f");
    const html = copied(typist).replace(/ data-[\w-]+="[^"]*"/g, "");
    expect(html).toContain("<li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul><h1>e</h1>");
  });

  test.each(["# [a\n..- b\nx c\n$ d↵e\n= \n? f\n> *g*h]", ".1 [a↵b]"])("what is copied comes back whole: %s", async (page) => {
    const typist = await Typist.open(page);
    const html = copied(typist);
    const back = await pasted(html);
    expect(write(toBlocks(back.view.state.doc))).toBe(write(toBlocks(typist.view.state.doc)));
  });

  test("plain text is a line a block", async () => {
    const typist = await Typist.open("# [ab\n- c↵d]");
    const { text } = typist.view.serializeForClipboard(typist.view.state.selection.content());
    expect(text).toBe("ab\nc\nd");
  });
});
