import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Edit } from "../src/bindings/Edit";
import { toBlocks } from "../src/model/blocks";
import { Twin } from "../src/host/twin";
import { patchTransaction } from "../src/model/project";
import { write } from "./notation";
import { Random, randomChange, randomChanges } from "./random";
import { Typist } from "./typist";

const insert = (text: string, offset = 0) => () => [
  { type: "splice" as const, from: { block: 0, offset }, to: { block: 0, offset }, insert: [{ text, marks: {} }] },
];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the conversation about a document", () => {
  test("each transaction is an edit, numbered from one", async () => {
    const edits: Edit[] = [];
    const twin = new Twin();
    const edit = twin.edit.bind(twin);
    twin.edit = (sent) => {
      edits.push(sent);
      return edit(sent);
    };
    const typist = await Typist.open("|", twin);
    typist.type("ab");
    await vi.runAllTimersAsync();
    expect(edits.map(({ counter, patch }) => [counter, patch])).toEqual([[1, 1], [2, 1]]);
    expect(typist.savings.at(-1)).toEqual({ state: "saved" });
  });

  test("what others did comes in when nothing is under way", async () => {
    const typist = await Typist.open("ab|");
    typist.twin.remotely(typist.document.id, insert("x"));
    await vi.runAllTimersAsync();
    expect(typist.page).toBe("xab|");
    expect(typist.document.exchange.version).toEqual({ patch: 2, counter: 0 });
  });

  test("an answer that the writer overtook is dropped, and asked for again", async () => {
    const typist = await Typist.open("ab|");
    typist.twin.delay = () => 50;
    typist.twin.remotely(typist.document.id, insert("x"));
    await vi.advanceTimersByTimeAsync(60);
    typist.type("c");
    expect(typist.page).toBe("abc|");
    await vi.advanceTimersByTimeAsync(45);
    expect(typist.page).toBe("abc|");
    await vi.runAllTimersAsync();
    expect(typist.page).toBe("xabc|");
    expect(await typist.agrees()).toBe(true);
  });

  test("nothing comes in while the writer composes or holds the mouse", async () => {
    const typist = await Typist.open("ab|");
    typist.view.dom.dispatchEvent(new Event("compositionstart"));
    typist.twin.remotely(typist.document.id, insert("x"));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(typist.page).toBe("ab|");
    typist.view.dom.dispatchEvent(new Event("compositionend"));
    await vi.advanceTimersByTimeAsync(200);
    expect(typist.page).toBe("xab|");
    typist.view.dom.dispatchEvent(new Event("pointerdown"));
    typist.twin.remotely(typist.document.id, insert("y"));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(typist.page).toBe("xab|");
    window.dispatchEvent(new Event("pointerup"));
    await vi.advanceTimersByTimeAsync(10);
    expect(typist.page).toBe("yxab|");
  });

  test("somebody who never stops typing sees others' words all the same", async () => {
    const typist = await Typist.open("|");
    typist.twin.delay = () => 30;
    typist.twin.remotely(typist.document.id, insert("x"));
    for (let key = 0; key < 60; key += 1) {
      typist.type("a");
      await vi.advanceTimersByTimeAsync(80);
    }
    expect(typist.page).toContain("x");
    await vi.runAllTimersAsync();
    expect(await typist.agrees()).toBe(true);
  });

  test("an edit whose answer is outstanding is asked about within two seconds", async () => {
    const twin = new Twin();
    const typist = await Typist.open("|", twin);
    const asked = vi.spyOn(twin, "nextPatch");
    twin.edit = () => new Promise(() => {});
    typist.type("a");
    typist.twin.remotely(typist.document.id, insert("x"));
    await vi.advanceTimersByTimeAsync(1_900);
    expect(asked).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveBeenCalledWith(typist.document.id, 1, 1);
  });

  test("an edit that can't be stored keeps its words and is tried again, in order", async () => {
    const typist = await Typist.open("|");
    typist.twin.failing.set("edit", { code: "disk-full", message: "The disk is full." });
    typist.type("abc");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(typist.page).toBe("abc|");
    expect(typist.savings.at(-1)).toMatchObject({ state: "failing", failure: { code: "disk-full" } });
    typist.type("de");
    typist.twin.failing.clear();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(typist.savings.at(-1)).toEqual({ state: "saved" });
    expect(write(typist.twin.page(typist.document.id))).toBe("abcde");
  });

  test("a patch that doesn't fit opens the document again, and is never half applied", async () => {
    const typist = await Typist.open("ab|");
    typist.twin.nextPatch = () =>
      Promise.resolve({ document: typist.document.id, number: 2, changes: [{ type: "remove", block: 4, count: 1 }], title: "", locked: null });
    typist.document.exchange.newer();
    await vi.advanceTimersByTimeAsync(10);
    expect(typist.broken).toBeGreaterThan(0);
    expect(typist.page).toBe("ab|");
  });

  test("an edit that the session refuses for good is not sent again; its text is given back", async () => {
    const typist = await Typist.open("ab|");
    const sent = vi.spyOn(typist.twin, "edit");
    typist.twin.failing.set("edit", { code: "change", message: "It doesn't fit." });
    typist.twin.delay = () => 20;
    typist.type("x");
    await vi.advanceTimersByTimeAsync(10);
    typist.press("Enter");
    typist.type("y");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(typist.lost).toEqual(["x\ny"]);
    expect(sent).toHaveBeenCalledTimes(3);
    expect(typist.savings.at(-1)).toEqual({ state: "saved" });
    // What is typed until the document is opened again is lost as well, and must not be forgotten.
    typist.type("z");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(typist.document.lost).toBe("x\nyz");
    expect(sent).toHaveBeenCalledTimes(3);
  });

  test("a question that the session refuses for good opens the document again, and nothing is lost", async () => {
    const typist = await Typist.open("ab|");
    typist.twin.failing.set("nextPatch", { code: "out-of-step", message: "The window is out of step." });
    typist.document.exchange.newer();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(typist.lost).toEqual([""]);
  });

  test("news that comes while a question is under way is not forgotten", async () => {
    const typist = await Typist.open("ab|");
    typist.twin.delay = () => 20;
    typist.document.exchange.newer();
    await vi.advanceTimersByTimeAsync(25);
    typist.twin.delay = () => 0;
    typist.twin.remotely(typist.document.id, insert("x"));
    await vi.runAllTimersAsync();
    expect(typist.page).toBe("xab|");
  });
});

describe("at every barrier the page and the session agree", () => {
  test.each([21, 22, 23, 24, 25, 26, 27, 28])("seed %i", async (seed) => {
    const random = new Random(seed);
    const typist = await Typist.open("ab\n- cd|\n# ef");
    const { twin, document, view } = typist;
    const failure = { code: "busy", message: "The database is busy." };
    twin.delay = () => random.below(40);
    for (let round = 0; round < 120; round += 1) {
      switch (random.below(8)) {
        case 0:
        case 1:
          twin.remotely(document.id, (blocks) => randomChanges(random, blocks, 2));
          break;
        case 2:
          typist.press(random.pick(["Enter", "Backspace", "Delete", "Tab", "Mod-b", "Mod-Shift-8", "Mod-Alt-1", "Mod-z", "Mod-Shift-z"]));
          break;
        case 3: {
          // Whatever a writer can do is some list of changes.
          const tr = patchTransaction(view.state, [randomChange(random, toBlocks(view.state.doc))]);
          view.dispatch(tr.setMeta("inkfold-patch", false));
          break;
        }
        case 4:
          if (random.chance(3)) twin.failing.set(random.pick(["edit", "undo"]), failure);
          else twin.failing.clear();
          break;
        case 5:
          if (random.chance(2)) view.dom.dispatchEvent(new Event(random.pick(["compositionstart", "compositionend"])));
          typist.type(random.pick(["x", "k"]));
          break;
        default:
          typist.type(random.pick(["x", "yz", " "]));
      }
      await vi.advanceTimersByTimeAsync(random.below(60));
      if (random.chance(15)) {
        twin.failing.clear();
        view.dom.dispatchEvent(new Event("compositionend"));
        await vi.advanceTimersByTimeAsync(40_000);
        expect(typist.broken).toBe(0);
        expect(await typist.agrees()).toBe(true);
      }
    }
  });
});
