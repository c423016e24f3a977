import { TextSelection } from "prosemirror-state";
import { describe, expect, test, vi } from "vitest";

import { hashFor, Twin } from "../src/host/twin";
import { sizeInWords } from "../src/editor/blobs";
import { filesOf } from "../src/editor/insert";
import { plainText } from "../src/editor/clipboard";
import { mediaMarker, mediaOf } from "../src/model/media";
import { marker } from "../src/model/marker";
import { Typist } from "./typist";

const PHOTO = new File(["…"], "photo.png", { type: "image/png" });
const NOTES = new File(["12345"], "notes.pdf", { type: "application/pdf" });

function kinds(typist: Typist): unknown[] {
  return typist.twin.page(typist.document.id).map(({ attrs }) => attrs.kind);
}

/** A copied image, as it lies in the clipboard. */
function ofOurs(blob: string): string {
  const block = JSON.stringify({ kind: "image", blob, name: "photo.png" });
  return `<figure data-pm-slice="0 0 []" data-inkfold-marker='${block}'></figure>`;
}

function media(typist: Typist): HTMLElement {
  const found = typist.view.dom.querySelector<HTMLElement>(".image, .file");
  if (found === null) throw new Error("There is no image.");
  return found;
}

async function withPhoto(page = "ab|"): Promise<Typist> {
  const typist = await Typist.open(page);
  await typist.document.insertFiles([PHOTO]);
  expect(await typist.agrees()).toBe(true);
  return typist;
}

function button(typist: Typist, id: string): HTMLElement | null {
  return media(typist).querySelector<HTMLElement>(`[data-testid="${id}"]`);
}

describe("adding", () => {
  test("an image comes after the block with the caret and holds the blob", async () => {
    const typist = await withPhoto();
    expect(typist.twin.page(typist.document.id)[1]).toEqual({
      attrs: { kind: "image", blob: hashFor(1), name: "photo.png", size: PHOTO.size, width: 640, height: 480 },
      content: [],
    });
    expect(media(typist).dataset.state).toBe("here");
    expect(media(typist).querySelector("img")?.alt).toBe("photo.png");
    expect(typist.view.dom.querySelector(".media-arriving")).toBeNull();
  });

  test("an empty paragraph becomes it", async () => {
    const typist = await withPhoto("|");
    expect(kinds(typist)).toEqual(["image"]);
  });

  test("what isn't an image is a file, and several keep their order", async () => {
    const typist = await Typist.open("a|");
    await typist.document.insertFiles([PHOTO, NOTES]);
    expect(await typist.agrees()).toBe(true);
    expect(kinds(typist)).toEqual(["paragraph", "image", "file"]);
    expect(typist.view.dom.querySelector(".file")?.textContent).toContain("notes.pdf");
  });

  test("it comes where it was put, whatever is written meanwhile", async () => {
    const typist = await Typist.open("one\ntwo|");
    const position = typist.view.state.doc.resolve(2).pos;
    const adding = typist.document.insertFiles([PHOTO], position);
    expect(typist.view.dom.querySelector(".media-arriving")?.textContent).toBe("Adding photo.png…");
    typist.view.dispatch(typist.view.state.tr.insertText("zero ", 1));
    await adding;
    expect(await typist.agrees()).toBe(true);
    expect(kinds(typist)).toEqual(["paragraph", "image", "paragraph"]);
  });

  test("one that can't be kept leaves nothing and is told", async () => {
    const typist = await Typist.open("a|");
    typist.twin.failing.set("addBlob", { code: "blob-too-large", message: "It is too large." });
    await typist.document.insertFiles([PHOTO]);
    expect(kinds(typist)).toEqual(["paragraph"]);
    expect(typist.failures).toHaveLength(1);
    expect(typist.view.dom.querySelector(".media-arriving")).toBeNull();
  });

  test("undo takes it back, and redo gives it again", async () => {
    const typist = await withPhoto();
    typist.document.undo(false);
    expect(await typist.agrees()).toBe(true);
    expect(kinds(typist)).toEqual(["paragraph"]);
    typist.document.undo(true);
    expect(await typist.agrees()).toBe(true);
    expect(kinds(typist)).toEqual(["paragraph", "image"]);
  });
});

describe("while it isn't here", () => {
  async function absent(): Promise<Typist> {
    const twin = new Twin();
    const typist = await Typist.open("a|", twin);
    const attrs = marker("image", { blob: hashFor(7), name: "hut.jpg", size: 2_400_000, width: 1200, height: 800 });
    twin.remotely(typist.document.id, (blocks) => [{ type: "insert", block: blocks.length, blocks: [{ attrs, content: [] }] }]);
    expect(await typist.agrees()).toBe(true);
    return typist;
  }

  test("its place, its name and what can be done are there, and then the image", async () => {
    const typist = await absent();
    await expect.poll(() => typist.twin.wanted).toEqual([hashFor(7)]);
    expect(media(typist).textContent).toContain("hut.jpg");
    expect(media(typist).textContent).toContain("2.4 MB · on its way…");
    typist.twin.emit({ type: "blob", hash: hashFor(7), state: "absent" });
    expect(media(typist).textContent).toContain("not here yet");
    expect(media(typist).querySelector<HTMLElement>(".media-picture")?.style.getPropertyValue("--width")).toBe("1200");
    typist.twin.wanted.length = 0;
    button(typist, "media-again")?.click();
    expect(media(typist).dataset.state).toBe("coming");
    await expect.poll(() => typist.twin.wanted).toEqual([hashFor(7)]);
    typist.twin.blobCame(hashFor(7), PHOTO);
    expect(media(typist).dataset.state).toBe("here");
    expect(media(typist).querySelector("img")).not.toBeNull();
    expect(media(typist).getAttribute("aria-label")).toBe("Image: hut.jpg");
  });

  test("one that can't be shown can be asked for again", async () => {
    const typist = await withPhoto();
    media(typist).querySelector("img")?.dispatchEvent(new Event("error"));
    expect(media(typist).dataset.state).toBe("absent");
    button(typist, "media-again")?.click();
    await expect.poll(() => media(typist).dataset.state).toBe("here");
  });
});

describe("at the keyboard", () => {
  test.each([
    ["Backspace on an image takes it away and leaves the caption", "Backspace", "caption"],
    ["so it does where there is none", "Backspace", ""],
    ["Delete on an image without a caption takes it away", "Delete", ""],
  ])("%s, and undo gives it back", async (_what, key, caption) => {
    const typist = await withPhoto();
    if (caption !== "") {
      typist.view.dispatch(typist.view.state.tr.insertText(caption));
      const start = typist.view.state.selection.$from.start();
      typist.view.dispatch(typist.view.state.tr.setSelection(TextSelection.create(typist.view.state.doc, start)));
    }
    await typist.press(key);
    expect(typist.twin.page(typist.document.id)[1]).toEqual({
      attrs: { kind: "paragraph" },
      content: caption === "" ? [] : [{ text: caption, marks: {} }],
    });
    typist.document.undo(false);
    expect(await typist.agrees()).toBe(true);
    expect(kinds(typist)).toEqual(["paragraph", "image"]);
  });

  test("Backspace below an image and Delete above it go to it first", async () => {
    const typist = await withPhoto();
    await typist.press("Enter");
    expect(kinds(typist)).toEqual(["paragraph", "image", "paragraph"]);
    await typist.press("Backspace");
    expect(kinds(typist)).toEqual(["paragraph", "image"]);
    expect(typist.view.state.selection.$from.index(0)).toBe(1);
    typist.view.dispatch(typist.view.state.tr.setSelection(TextSelection.create(typist.view.state.doc, 3)));
    await typist.press("Delete");
    expect(kinds(typist)).toEqual(["paragraph", "image"]);
    expect(typist.view.state.selection.$from.index(0)).toBe(1);
  });

  test("what an image shows can be written and is its alternative text", async () => {
    const typist = await withPhoto();
    button(typist, "media-describe")?.click();
    const field = button(typist, "media-alt") as HTMLInputElement;
    field.value = "A hut in the snow";
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    expect(await typist.agrees()).toBe(true);
    expect(typist.twin.page(typist.document.id)[1]?.attrs.alt).toBe("A hut in the snow");
    expect(media(typist).querySelector("img")?.alt).toBe("A hut in the snow");
  });

  test("a file is saved under its name", async () => {
    const typist = await Typist.open("a|");
    await typist.document.insertFiles([NOTES]);
    button(typist, "media-save")?.click();
    await expect.poll(() => typist.twin.saved).toEqual([{ hash: hashFor(1), name: "notes.pdf" }]);
  });
});

describe("copying", () => {
  test("an image that the caret is on is copied with what it refers to", async () => {
    const typist = await withPhoto();
    const data = new Map<string, string>();
    const event = new Event("copy", { cancelable: true }) as ClipboardEvent;
    const clipboardData = { clearData: () => data.clear(), setData: (type: string, text: string) => data.set(type, text) };
    Object.defineProperty(event, "clipboardData", { value: clipboardData });
    typist.view.dom.dispatchEvent(event);
    const other = await Typist.open("x|", typist.twin);
    other.view.pasteHTML(data.get("text/html") ?? "", new Event("paste") as ClipboardEvent);
    expect(await other.agrees()).toBe(true);
    expect(typist.twin.page(other.document.id).find(({ attrs }) => attrs.kind === "image")?.attrs.blob).toBe(hashFor(1));
    expect(data.get("text/plain")).toBe("photo.png");
  });

  test("one of another workspace is brought along, with the paste as one step", async () => {
    const typist = await Typist.open("x|");
    const theirs = hashFor(90);
    typist.twin.elsewhere.set(theirs, PHOTO);
    const html = ofOurs(theirs);
    typist.view.pasteHTML(html, new Event("paste") as ClipboardEvent);
    const blob = (): unknown => typist.twin.page(typist.document.id).find(({ attrs }) => attrs.kind === "image")?.attrs.blob;
    await vi.waitFor(() => expect(blob()).toBe(hashFor(1)));
    expect(await typist.agrees()).toBe(true);
    expect(typist.failures).toEqual([]);
    typist.document.undo(false);
    await vi.waitFor(() => expect(kinds(typist)).toEqual(["paragraph"]));
    expect(await typist.agrees()).toBe(true);
  });

  test("one that nobody here has stays a name, and the writer is told", async () => {
    const typist = await Typist.open("x|");
    const html = ofOurs(hashFor(90));
    typist.view.pasteHTML(html, new Event("paste") as ClipboardEvent);
    await vi.waitFor(() => expect(typist.twin.wanted).toContain(hashFor(90)));
    typist.twin.emit({ type: "blob", hash: hashFor(90), state: "absent" });
    await vi.waitFor(() => expect(typist.failures).toEqual([{ code: "blob-left", message: "" }]));
    expect(await typist.agrees()).toBe(true);
  });

  test("as text, an image is its caption or its name", async () => {
    const typist = await withPhoto();
    expect(plainText(typist.view.state.doc.slice(0))).toBe("ab\nphoto.png");
  });
});

describe("what comes by the clipboard", () => {
  function transfer(html: string): DataTransfer {
    return { files: [PHOTO], getData: () => html } as unknown as DataTransfer;
  }

  test.each([
    ["an image alone", "", 1],
    ["an image copied on a page", '<meta charset="utf-8"><img src="https://x.example/y.png">', 1],
    ["text with a picture of itself", "<p>some words</p>", 0],
    ["a block of ours", '<figure data-inkfold-marker="{}"></figure>', 0],
  ])("%s", (_what, html, count) => {
    expect(filesOf(transfer(html))).toHaveLength(count);
  });
});

test("markers of strangers mean no more than they should", () => {
  const bad = { kind: "image", blob: "../../etc/passwd", name: 5, size: -1, width: 1, height: 1_000_000, alt: true } as never;
  expect(mediaOf(bad)).toEqual({ blob: null, name: "", size: null, pixels: null, alt: "" });
  const info = { hash: hashFor(1), mediaType: "image/png", size: 3, width: 1, height: 1 };
  expect(mediaMarker(info, "C:\\Users\\ida\\a.png").name).toBe("a.png");
});

test.each([
  [0, "0 byte"],
  [999, "999 byte"],
  [12_000, "12 kB"],
  [2_400_000, "2.4 MB"],
  [24_000_000, "24 MB"],
])("%d bytes", (bytes, words) => {
  expect(sizeInWords(bytes)).toBe(words);
});
