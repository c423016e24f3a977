import { TextSelection } from "prosemirror-state";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Change } from "../src/bindings/Change";
import { setLink } from "../src/editor/text";
import { canTurn } from "../src/editor/turns";
import { write } from "./notation";
import { Typist } from "./typist";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const pause = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1_500);
const moment = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20);

function caret(typist: Typist, anchor: number, head = anchor): void {
  const { state } = typist.view;
  typist.view.dispatch(state.tr.setSelection(TextSelection.create(state.doc, anchor, head)));
}

function compose(typist: Typist, event: "compositionstart" | "compositionend"): void {
  typist.view.dom.dispatchEvent(new Event(event));
}

const inserted = (text: string, block: number, offset: number): Change => {
  const at = { block, offset };
  return { type: "splice", from: at, to: at, insert: [{ text, marks: {} }] };
};

const GROUPS: [what: string, before: string, act: (typist: Typist) => unknown, pages: string[]][] = [
  ["typing is one step", "|", (typist) => typist.type("one two"), ["|"]],
  [
    "until there is a pause",
    "|",
    async (typist) => {
      typist.type("one");
      await pause();
      typist.type(" two");
    },
    ["one|", "|"],
  ],
  [
    "or the caret is put elsewhere, even if it comes back",
    "|",
    (typist) => {
      typist.type("one");
      caret(typist, 1);
      caret(typist, 4);
      typist.type("two");
    },
    ["one|", "|"],
  ],
  [
    "or text is selected and typed over",
    "|",
    (typist) => {
      typist.type("abcd");
      caret(typist, 2, 4);
      typist.type("x");
    },
    ["a[bc]d", "|"],
  ],
  [
    "a command is a step of its own, and typing after it another",
    "|",
    (typist) => {
      typist.type("one");
      typist.press("Enter");
      typist.type("two");
      typist.press("Mod-Alt-1");
      typist.press("Tab");
    },
    ["one\ntwo|", "one\n|", "one|", "|"],
  ],
  [
    "a mark",
    "a[b]c",
    (typist) => {
      typist.press("Mod-b");
      typist.press("Mod-i");
    },
    ["a*[b*]c", "a[b]c"],
  ],
  [
    "a link that brings its own text",
    "|",
    (typist) => {
      typist.type("see ");
      typist.document.run(setLink("https://x.example/"));
    },
    ["see |", "|"],
  ],
  [
    "what is pasted",
    "|",
    (typist) => {
      typist.type("ab");
      typist.view.dispatch(typist.view.state.tr.insertText("xy").setMeta("uiEvent", "paste"));
      typist.type("cd");
    },
    ["abxy|", "ab|", "|"],
  ],
  [
    "a composition, however long it takes",
    "|",
    async (typist) => {
      typist.type("ab");
      compose(typist, "compositionstart");
      typist.type("k");
      await pause();
      typist.type("a");
      await pause();
      compose(typist, "compositionend");
      typist.type("!");
      await vi.advanceTimersByTimeAsync(100);
      typist.type("cd");
    },
    ["abka!|", "ab|", "|"],
  ],
  [
    "two compositions",
    "|",
    async (typist) => {
      for (const text of ["k", "t"]) {
        compose(typist, "compositionstart");
        typist.type(text);
        compose(typist, "compositionend");
        await moment();
      }
    },
    ["k|", "|"],
  ],
  ["an automatic format, then what was typed for it", "|", (typist) => typist.type("# "), ["# |", "|"]],
  ["an automatic mark", "|", (typist) => typist.type("an **x** y"), ["an *x*|", "an **x**|", "|"]],
];

describe("what is undone in one go", () => {
  test.each(GROUPS)("%s", async (_what, before, act, pages) => {
    const typist = await Typist.open(before);
    await act(typist);
    const shown = [typist.page];
    for (const _ of pages) {
      typist.press("Mod-z");
      await moment();
      shown.push(typist.page);
      expect(await typist.agrees()).toBe(true);
    }
    expect(shown.slice(1)).toEqual(pages);
    expect(canTurn(typist.view.state, false)).toBe(false);
    for (const page of shown.slice(0, -1).reverse()) {
      typist.press("Mod-Shift-z");
      await moment();
      expect(withoutSelection(typist.page)).toBe(withoutSelection(page));
      expect(await typist.agrees()).toBe(true);
    }
    expect(canTurn(typist.view.state, true)).toBe(false);
  });
});

function withoutSelection(page: string): string {
  return page.replace(/[|[\]]/g, "");
}

describe("undo", () => {
  test("gives the selection back, and redo the caret after it", async () => {
    const typist = await Typist.open("ab\nc[d\ne]f");
    typist.type("x");
    caret(typist, 1);
    typist.press("Mod-z");
    await moment();
    expect(typist.page).toBe("ab\nc[d\ne]f");
    typist.press("Mod-y");
    await moment();
    expect(typist.page).toBe("ab\ncx|f");
  });

  test("new writing drops what could be redone", async () => {
    const typist = await Typist.open("|");
    const asked = vi.spyOn(typist.twin, "undo");
    typist.type("a");
    typist.press("Mod-z");
    await moment();
    expect(canTurn(typist.view.state, true)).toBe(true);
    typist.type("b");
    expect(canTurn(typist.view.state, true)).toBe(false);
    typist.press("Mod-Shift-z");
    await moment();
    expect(typist.page).toBe("b|");
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test("is known of from the beginning where the session says so", async () => {
    const first = await Typist.open("|");
    first.type("ab");
    await moment();
    const again = await first.reopen();
    again.press("Mod-z");
    await moment();
    expect(again.page).toBe("|");
  });

  test("the browser's own is turned into ours", async () => {
    const typist = await Typist.open("|");
    typist.type("ab");
    for (const [inputType, page] of [["historyUndo", "|"], ["historyRedo", "ab|"]]) {
      const event = new InputEvent("beforeinput", { inputType: inputType ?? "", cancelable: true });
      typist.view.dom.dispatchEvent(event);
      await moment();
      expect(event.defaultPrevented).toBe(true);
      expect(typist.page).toBe(page);
    }
  });

  test("Backspace after an automatic format takes back the format alone, and once", async () => {
    const typist = await Typist.open("|");
    const asked = vi.spyOn(typist.twin, "undo");
    typist.twin.delay = () => 20;
    typist.type("- ");
    expect(typist.press("Backspace")).toBe(true);
    typist.press("Backspace");
    await pause();
    expect(asked).toHaveBeenCalledTimes(1);
    expect(typist.view.state.doc.textContent).toBe("- ");
    // Mod-Z leaves nothing either that Backspace would take for an automatic format.
    typist.type("x");
    await pause();
    typist.type("**y**");
    typist.press("Mod-z");
    await pause();
    expect(typist.press("Backspace")).toBe(false);
    expect(typist.view.state.doc.textContent).toBe("- x**y**");
  });

  test("what others wrote stays, and comes in after an undo that overtook it", async () => {
    const typist = await Typist.open("|");
    typist.type("mine");
    typist.press("Enter");
    typist.type("too");
    await pause();
    typist.twin.remotely(typist.document.id, () => [inserted("THEIRS", 1, 1)]);
    await pause();
    expect(typist.page).toBe("mine\ntTHEIRSoo|");
    typist.twin.delay = () => 50;
    typist.twin.remotely(typist.document.id, () => [inserted("!", 0, 0)]);
    await vi.advanceTimersByTimeAsync(10);
    typist.press("Mod-z");
    await vi.advanceTimersByTimeAsync(60);
    expect(typist.page).toContain("THEIRS");
    expect(typist.page).not.toContain("!");
    await pause();
    expect(typist.page).toBe("!mine\nTHEIRS|");
    expect(await typist.agrees()).toBe(true);
  });
});

describe("while an undo is out", () => {
  const held: [what: string, before: string, act: (typist: Typist) => unknown, meanwhile: (typist: Typist) => void, shown: string, after: string][] = [
    ["typing goes on where it was", "|", (typist) => typist.type("ab"), (typist) => typist.type("cd"), "abcd|", "cd|"],
    [
      "commands, too",
      "xy|",
      (typist) => typist.type("ab"),
      (typist) => {
        typist.type("c");
        typist.press("Enter");
        typist.type("d");
        typist.press("Mod-Alt-1");
      },
      "xyabc\n# d|",
      "xyc\n# d|",
    ],
    [
      "another undo waits its turn, with what was written before it and after it",
      "|",
      async (typist) => {
        typist.type("a");
        await pause();
        typist.type("b");
      },
      (typist) => {
        typist.type("c");
        typist.press("Mod-z");
        typist.type("d");
        typist.press("Mod-z");
        typist.press("Mod-z");
        typist.type("e");
      },
      "abcde|",
      "e|",
    ],
    [
      "and redo",
      "|",
      (typist) => typist.type("ab"),
      (typist) => {
        typist.press("Mod-Shift-z");
        typist.press("Mod-z");
        typist.press("Mod-Shift-z");
      },
      "ab|",
      "ab|",
    ],
    [
      "redo, and writing after it",
      "|",
      (typist) => typist.type("ab"),
      (typist) => {
        typist.press("Mod-Shift-z");
        typist.type("x");
      },
      "abx|",
      "abx|",
    ],
    [
      "an undo for which nothing is left",
      "|",
      (typist) => typist.type("ab"),
      (typist) => {
        typist.press("Mod-z");
        typist.type("x");
      },
      "abx|",
      "x|",
    ],
    [
      "what is written into a block that goes stays",
      "a|\nz",
      (typist) => typist.press("Mod-Enter"),
      (typist) => typist.type("bc"),
      "a\nbc|\nz",
      "abc|\nz",
    ],
    [
      "deletions apply to what is left",
      "xy|",
      (typist) => typist.type("abc"),
      (typist) => {
        caret(typist, 2, 5);
        typist.press("Backspace");
      },
      "x|c",
      "x|",
    ],
  ];

  test.each(held)("%s", async (_what, before, act, meanwhile, shown, after) => {
    const typist = await Typist.open(before);
    await act(typist);
    await pause();
    typist.twin.delay = () => 50;
    typist.press("Mod-z");
    meanwhile(typist);
    await vi.advanceTimersByTimeAsync(20);
    expect(typist.page).toBe(shown);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(typist.page).toBe(after);
    expect([false, true].map((redo) => canTurn(typist.view.state, redo))).toEqual([true, false]);
    expect(await typist.agrees()).toBe(true);
    expect(typist.savings.at(-1)).toEqual({ state: "saved" });
  });

  test("what was written meanwhile is a step of its own", async () => {
    const typist = await Typist.open("|");
    typist.type("ab");
    await pause();
    typist.twin.delay = () => 50;
    typist.press("Mod-z");
    typist.type("cd");
    await pause();
    typist.type("e");
    typist.press("Mod-z");
    await pause();
    expect(typist.page).toBe("cd|");
    typist.press("Mod-z");
    await pause();
    expect(typist.page).toBe("|");
    expect(await typist.agrees()).toBe(true);
  });

  test("what is written while one undo after the other has its turn is one step", async () => {
    const typist = await Typist.open("|");
    for (const word of ["a", "b", "c"]) {
      typist.type(word);
      await pause();
    }
    typist.twin.delay = () => 50;
    typist.press("Mod-z");
    typist.press("Mod-z");
    typist.press("Mod-z");
    for (const key of "xyz") {
      typist.type(key);
      await vi.advanceTimersByTimeAsync(60);
    }
    await pause();
    expect(typist.page).toBe("xyz|");
    typist.press("Mod-z");
    await pause();
    expect(typist.page).toBe("|");
  });

  test("nothing is said to be saved before the undo is", async () => {
    const typist = await Typist.open("|");
    typist.type("ab");
    await moment();
    expect(typist.savings.at(-1)).toEqual({ state: "saved" });
    const stored: (() => void)[] = [];
    const edit = typist.twin.edit.bind(typist.twin);
    typist.twin.edit = async (sent) => {
      await edit(sent);
      await new Promise<void>((resolve) => stored.push(resolve));
    };
    typist.press("Mod-z");
    expect(typist.savings.at(-1)).toEqual({ state: "saving" });
    await moment();
    expect(typist.page).toBe("|");
    expect(typist.savings.at(-1)).toEqual({ state: "saving" });
    stored.forEach((resolve) => resolve());
    await moment();
    expect(typist.savings.at(-1)).toEqual({ state: "saved" });
  });

  test("its answer waits for the end of a composition", async () => {
    const typist = await Typist.open("|");
    typist.type("ab");
    await pause();
    typist.twin.delay = () => 50;
    typist.press("Mod-z");
    compose(typist, "compositionstart");
    typist.type("k");
    await pause();
    expect(typist.page).toBe("abk|");
    compose(typist, "compositionend");
    await pause();
    expect(typist.page).toBe("k|");
    expect(await typist.agrees()).toBe(true);
  });

  test("its answer may be lost: it is asked for again, and nothing is undone twice", async () => {
    const typist = await Typist.open("|");
    typist.type("a");
    await pause();
    typist.type("b");
    await moment();
    const undo = typist.twin.undo.bind(typist.twin);
    typist.twin.undo = async (asked) => {
      await undo(asked);
      typist.twin.undo = undo;
      throw { code: "busy", message: "The answer got lost." };
    };
    typist.press("Mod-z");
    typist.type("c");
    await moment();
    expect(typist.savings.at(-1)).toMatchObject({ state: "failing" });
    await pause();
    expect(typist.page).toBe("ac|");
    expect(write(typist.twin.page(typist.document.id))).toBe("ac");
    expect(typist.savings.at(-1)).toEqual({ state: "saved" });
  });

  test.each(["a refusal", "an answer that doesn't fit"])("%s gives back what was written meanwhile", async (what) => {
    const typist = await Typist.open("ab|");
    typist.type("c");
    await moment();
    const { id } = typist.document;
    typist.twin.undo = async () => {
      if (what === "a refusal") throw { code: "out-of-step", message: "The window is out of step." };
      const changes: Change[] = [{ type: "remove", block: 4, count: 1 }];
      return { patch: { document: id, number: 2, changes, title: "", locked: null }, selection: null, undo: false, redo: false };
    };
    typist.press("Mod-z");
    typist.type("xy");
    typist.press("Mod-z");
    typist.type("z");
    await pause();
    expect(typist.lost).toEqual(["xyz"]);
    expect(typist.page).toBe("abcxyz|");
    typist.press("Mod-z");
    typist.type("!");
    expect(typist.document.lost).toBe("xyz!");
  });
});

describe("after a new identity", () => {
  test("nothing that was done before can be undone or redone", async () => {
    const typist = await Typist.open("|");
    typist.type("one");
    await pause();
    expect(canTurn(typist.view.state, false)).toBe(true);
    typist.document.turnsLost(typist.document.exchange.version.counter);
    expect(canTurn(typist.view.state, false)).toBe(false);
    expect(canTurn(typist.view.state, true)).toBe(false);
    typist.type(" two");
    expect(canTurn(typist.view.state, false)).toBe(true);
    await pause();
    expect(await typist.agrees()).toBe(true);
  });

  test("what was written before the window heard of it still can", async () => {
    const typist = await Typist.open("|");
    typist.type("one");
    await pause();
    const { counter } = typist.document.exchange.version;
    typist.type(" two");
    typist.document.turnsLost(counter);
    expect(canTurn(typist.view.state, false)).toBe(true);
    await pause();
  });
});
