import { readFileSync } from "node:fs";

import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { describe, expect, test } from "vitest";

import type { Present } from "../src/bindings/Present";
import { carets, showCarets } from "../src/editor/carets";
import { toDoc } from "../src/model/blocks";
import { COLOURS, colourOf } from "../src/model/writers";

function view(text: string): EditorView {
  const doc = toDoc([{ attrs: { kind: "paragraph" }, content: [{ text, marks: {} }] }]);
  return new EditorView(document.body.appendChild(document.createElement("div")), {
    state: EditorState.create({ doc, plugins: [carets()] }),
  });
}

function at(replica: string, anchor: number, head: number, counter = 1): Present {
  const point = (offset: number) => ({ block: 0, offset });
  const selection = { anchor: point(anchor), head: point(head) };
  return { replica, person: replica, device: "", document: "d", selection, counter };
}

/** The page's text with a bar where each caret is, and what is selected in brackets. */
function seen(shown: EditorView): string {
  const walk = (node: Node): string => {
    if (node instanceof HTMLElement && node.classList.contains("other-caret")) return "|";
    if (node.nodeType === Node.TEXT_NODE) return node.textContent ?? "";
    const inner = [...node.childNodes].map(walk).join("");
    return node instanceof HTMLElement && node.classList.contains("other-selection") ? `[${inner}]` : inner;
  };
  return walk(shown.dom);
}

describe("where the others are", () => {
  test("a caret is drawn where it is, and stays with the text around it", () => {
    const shown = view("Hello there");
    shown.dispatch(showCarets(shown.state, [at("Anna", 5, 5)]));
    expect(seen(shown)).toBe("Hello| there");
    const caret = shown.dom.querySelector<HTMLElement>(".other-caret");
    expect(caret?.getAttribute("aria-hidden")).toBe("true");
    expect(caret?.dataset.name).toBe("Anna");
    // A name is no part of the page's text.
    expect(shown.dom.textContent).toBe("Hello there");
    shown.dispatch(shown.state.tr.insertText("Oh, ", 1));
    expect(seen(shown)).toBe("Oh, Hello| there");
    // The element stays as it is: its name isn't shown again because others write.
    expect(shown.dom.querySelector(".other-caret")).toBe(caret);
    shown.dispatch(showCarets(shown.state, [at("Anna", 4, 9, 2), at("Tor", 0, 0)]));
    expect(seen(shown)).toBe("|Oh, [Hello]| there");
    shown.dispatch(showCarets(shown.state, []));
    expect(seen(shown)).toBe("Oh, Hello there");
  });

  test("a place that the page hasn't is left out", () => {
    const shown = view("Hi");
    const beyond = at("Anna", 7, 7);
    const nowhere = { ...at("Tor", 0, 0), selection: null };
    shown.dispatch(showCarets(shown.state, [beyond, nowhere]));
    expect(seen(shown)).toBe("Hi");
  });
});

describe("the writers' colours", () => {
  /** As WCAG defines it. */
  function luminance(colour: string): number {
    const parts = [1, 3, 5].map((from) => Number.parseInt(colour.slice(from, from + 2), 16) / 255);
    const [r = 0, g = 0, b = 0] = parts.map((part) => (part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function contrast(one: string, other: string): number {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  test("can be read on the sheet and under a name, in light and in dark", () => {
    const tokens = readFileSync("src/styles/tokens.css", "utf8");
    const pair = (name: string): string[] =>
      new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(tokens)?.slice(1) ?? [];
    const sheet = pair("sheet");
    for (let i = 0; i < COLOURS; i += 1) {
      const colour = pair(`writer-${i}`);
      for (const theme of [0, 1]) {
        expect(contrast(colour[theme] ?? "", sheet[theme] ?? ""), `writer ${i}`).toBeGreaterThan(4.5);
      }
    }
  });

  test("are the same for one id everywhere, and spread over many", () => {
    const used = new Set(Array.from({ length: 100 }, (_, i) => colourOf(`replica ${i}`)));
    expect(used.size).toBe(COLOURS);
    expect(colourOf("mfrggzdf")).toBe(colourOf("mfrggzdf"));
  });
});
