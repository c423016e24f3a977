import { describe, expect, test } from "vitest";

import { linkFromInput, safeLink } from "../src/model/links";
import { Typist } from "./typist";

describe("which addresses a link may have", () => {
  test.each([
    ["https://a.example/b?c#d", "https://a.example/b?c#d"],
    ["  http://a.example ", "http://a.example"],
    ["mailto:ida@a.example", "mailto:ida@a.example"],
    ["javascript:alert(1)", null],
    ["JaVaScRiPt:alert(1)", null],
    ["java\nscript:alert(1)", null],
    ["\u0001javascript:alert(1)", null],
    ["data:text/html,x", null],
    ["file:///etc/passwd", null],
    ["vbscript:x", null],
    ["tauri://localhost/", null],
    ["https:a.example", null],
    ["//a.example", null],
    ["a.example", null],
    ["", null],
  ])("%j", (address, expected) => {
    expect(safeLink(address)).toBe(expected);
  });

  test.each([
    ["a.example", "https://a.example"],
    ["a.example/b:c", "https://a.example/b:c"],
    ["a.example:8080/b", "https://a.example:8080/b"],
    ["ida@a.example", "mailto:ida@a.example"],
    ["http://a.example", "http://a.example"],
    ["javascript:alert(1)", null],
    ["javascript:alert.x:1", null],
    ["two words", null],
    ["word", null],
  ])("typed: %j", (typed, expected) => {
    expect(linkFromInput(typed)).toBe(expected);
  });

  test("a link of another's that may not be one is shown as text", async () => {
    const typist = await Typist.open("{ab}(javascript:alert(1)");
    expect(typist.view.dom.querySelector("a")).toBeNull();
    expect(typist.view.dom.querySelector(".refused-link")?.textContent).toBe("ab");
  });

  test("a click follows a link only with the key held, and never within the window", async () => {
    const typist = await Typist.open("{ab}(https://a.example/)");
    const link = typist.view.dom.querySelector("a");
    const plain = new MouseEvent("click", { bubbles: true, cancelable: true });
    link?.dispatchEvent(plain);
    expect(plain.defaultPrevented).toBe(true);
    expect(typist.twin.links).toEqual([]);
    link?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: true }));
    await Promise.resolve();
    expect(typist.twin.links).toEqual(["https://a.example/"]);
  });
});
