import { computeAccessibleName } from "dom-accessibility-api";
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Block } from "../src/bindings/Block";
import { Twin } from "../src/host/twin";
import App from "../src/views/App.svelte";
import { Desk } from "../src/views/desk.svelte";

let app: Record<string, unknown> | null = null;
let desk: Desk;
let twin: Twin;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});
afterEach(async () => {
  if (app !== null) await unmount(app);
  app = null;
  document.body.replaceChildren();
  vi.useRealTimers();
});

async function settle(time = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(time);
  flushSync();
}

async function open(made: Twin): Promise<void> {
  twin = made;
  desk = new Desk(twin);
  app = mount(App, { target: document.body, props: { desk } });
  await settle();
}

function withDocuments(): Twin {
  const made = new Twin();
  made.workspaces = [{ id: "w", name: "Hut", folder: "/home/ida/Hut", person: "Ida" }];
  made.current = "w";
  made.add("First", [{ attrs: { kind: "paragraph" }, content: [{ text: "one two", marks: {} }] }], 1_000);
  made.add("Second", [{ attrs: { kind: "task" }, content: [{ text: "three", marks: {} }] }], 2_000);
  return made;
}

function find(testid: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
  if (found === null) throw new Error(`There is no ${testid}.`);
  return found;
}

function has(testid: string): boolean {
  return document.querySelector(`[data-testid="${testid}"]`) !== null;
}

async function press(testid: string): Promise<void> {
  find(testid).click();
  await settle();
}

async function fill(testid: string, text: string): Promise<void> {
  const field = find(testid) as HTMLInputElement;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await settle(1);
}

async function key(target: EventTarget, name: string, more: KeyboardEventInit = {}): Promise<void> {
  target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }));
  await settle();
}

/** Every control that can be seen has a name, and no two share an id. */
function expectNames(): void {
  const controls = document.querySelectorAll<HTMLElement>(
    "button, input, textarea, [role=textbox], [role=checkbox], [role=menu], [role=menuitem], [role=menuitemradio], [role=toolbar], [role=dialog], nav, [role=alertdialog]",
  );
  expect(controls.length).toBeGreaterThan(2);
  for (const control of controls) expect(computeAccessibleName(control), control.outerHTML).not.toBe("");
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
}

function titles(): string[] {
  return [...document.querySelectorAll("[data-testid=document-item] .title")].map((title) => title.textContent ?? "");
}

describe("the first start", () => {
  test("three ways on", async () => {
    await open(new Twin());
    expect(["start-write", "start-share", "start-join"].every(has)).toBe(true);
    expectNames();
  });

  test("write now: a document is open, and the caret is in its title", async () => {
    await open(new Twin());
    await press("start-write");
    expect(document.activeElement).toBe(find("person-name"));
    await fill("person-name", "Ida");
    await press("start-submit");
    expect(twin.workspaces).toMatchObject([{ person: "Ida", folder: null }]);
    expect(document.activeElement).toBe(find("document-title"));
    expect(has("page")).toBe(true);
    expectNames();
  });

  test("a name is asked for, in words, at its field", async () => {
    await open(new Twin());
    await press("start-share");
    await press("start-submit");
    expect(find("person-name").getAttribute("aria-invalid")).toBe("true");
    expect(find("folder-path").getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement).toBe(find("person-name"));
    expectNames();
  });

  test("a folder that can't be joined is told of where it was typed", async () => {
    await open(new Twin());
    twin.failing.set("joinWorkspace", { code: "folder-empty", message: "There is no workspace in this folder." });
    await press("start-join");
    await fill("person-name", "Ida");
    await fill("folder-path", "/nowhere");
    await press("start-submit");
    expect(find("folder-about").textContent).toContain("There is no workspace in this folder.");
    twin.failing.clear();
    await press("start-submit");
    expect(twin.workspaces).toMatchObject([{ folder: "/nowhere" }]);
    expect(has("looking")).toBe(true);
  });

  test("who joins waits for the others' documents instead of making one", async () => {
    await open(new Twin());
    await press("start-join");
    await fill("person-name", "Ida");
    await fill("folder-path", "/shared");
    await press("start-submit");
    expect(has("looking")).toBe(true);
    expect(await twin.documents()).toEqual([]);
    expectNames();
    const info = twin.add("First", [{ attrs: { kind: "paragraph" }, content: [{ text: "one", marks: {} }] }]);
    twin.emit({ type: "documents", documents: [info] });
    await settle();
    expect(has("looking")).toBe(false);
    expect(find("page").textContent).toBe("one");
  });

  test("a document that is told of while it is being made is opened once", async () => {
    const made = new Twin();
    made.delay = () => 20;
    const [opened, closed] = [vi.spyOn(made, "openDocument"), vi.spyOn(made, "closeDocument")];
    await open(made);
    await press("start-share");
    await fill("person-name", "Ida");
    await fill("folder-path", "/shared");
    await press("start-submit");
    await settle(1_000);
    expect(has("page")).toBe(true);
    expect(opened).toHaveBeenCalledTimes(1);
    expect(closed).not.toHaveBeenCalled();
  });

  test("turning back to a document that is still being opened leaves it open", async () => {
    await open(withDocuments());
    twin.delay = () => 20;
    const items = [...document.querySelectorAll<HTMLElement>("[data-testid=document-item]")];
    const closed = vi.spyOn(twin, "closeDocument");
    for (const index of [1, 0, 1]) items[index]?.click();
    await settle(1_000);
    expect(find("page").textContent).toBe("one two");
    expect((closed.mock.calls as unknown as string[][]).flat()).not.toContain(desk.open?.id);
  });

  test("or makes one after all", async () => {
    await open(new Twin());
    await press("start-join");
    await fill("person-name", "Ida");
    await fill("folder-path", "/shared");
    await press("start-submit");
    await press("first-document");
    expect(has("page")).toBe(true);
    expect(await twin.documents()).toHaveLength(1);
  });

  test("what prevents the start is said, and can be tried again", async () => {
    const made = new Twin();
    made.failing.set("start", { code: "locked", message: "Another window has it." });
    await open(made);
    expect(document.querySelector("[role=alert]")?.textContent).toContain("Another window has it.");
    twin.failing.clear();
    document.querySelector<HTMLElement>("main .button")?.click();
    await settle();
    expect(has("start-write")).toBe(true);
  });
});

describe("the sidebar", () => {
  test("opens the newest document, and another one by a press", async () => {
    await open(withDocuments());
    expect(titles()).toEqual(["Second", "First"]);
    expect((find("document-title") as HTMLTextAreaElement).value).toBe("Second");
    document.querySelectorAll<HTMLElement>("[data-testid=document-item]")[1]?.click();
    await settle();
    expect((find("document-title") as HTMLTextAreaElement).value).toBe("First");
    expect(find("page").textContent).toBe("one two");
    expectNames();
  });

  test("renames, moves to the trash and restores", async () => {
    await open(withDocuments());
    await press("document-menu");
    expectNames();
    await press("rename");
    await fill("rename-field", "Winter");
    await key(find("rename-field"), "Enter");
    expect(titles()).toEqual(["Winter", "First"]);
    await press("document-menu");
    await press("trash");
    expect(titles()).toEqual(["First"]);
    expect((find("document-title") as HTMLTextAreaElement).value).toBe("First");
    await press("trash-toggle");
    expectNames();
    await press("restore");
    expect(titles()).toEqual(["Winter", "First"]);
  });

  test("folds away and remembers it", async () => {
    await open(withDocuments());
    await key(window, "\\", { ctrlKey: true });
    expect(has("sidebar")).toBe(false);
    expectNames();
    await press("sidebar-show");
    expect(has("sidebar")).toBe(true);
  });

  test("Mod+N makes a document and puts the caret in its title", async () => {
    await open(withDocuments());
    await key(window, "n", { ctrlKey: true });
    expect(titles()[0]).toBe("Untitled");
    expect(document.activeElement).toBe(find("document-title"));
  });

  test("F6 goes round the regions", async () => {
    await open(withDocuments());
    const visited = new Set<Element | null | undefined>();
    for (let turn = 0; turn < 4; turn += 1) {
      await key(window, "F6");
      visited.add(document.activeElement?.closest("[data-region]"));
    }
    expect(visited.size).toBe(4);
  });

  test("a document that can't be opened is told of, and another one can", async () => {
    await open(withDocuments());
    twin.failing.set("openDocument", { code: "busy", message: "The database is busy." });
    document.querySelectorAll<HTMLElement>("[data-testid=document-item]")[1]?.click();
    await settle();
    expect(find("notice").textContent).toContain("The database is busy.");
    expect(document.body.textContent).toContain("No document is open");
    twin.failing.clear();
    document.querySelectorAll<HTMLElement>("[data-testid=document-item]")[1]?.click();
    await settle();
    expect(find("page").textContent).toBe("one two");
  });

  test("an edit that is refused for good opens the document again and keeps its text", async () => {
    await open(withDocuments());
    twin.failing.set("edit", { code: "change", message: "It doesn't fit." });
    desk.open?.dispatch(desk.open.state.tr.insertText("lost words", 1));
    await settle(100);
    expect(find("lost-text").textContent).toBe("lost words");
    expect(find("notice").textContent).toContain("Second");
    expect(find("page").textContent).toBe("three");
    expect(find("whereabouts").dataset.state).toBe("onThisDevice");
    expectNames();
    twin.failing.clear();
    desk.open?.dispatch(desk.open.state.tr.insertText("x", 1));
    await settle();
    expect(find("page").textContent).toBe("xthree");
    document.querySelector<HTMLElement>("[data-testid=notice] .icon-button")?.click();
    await settle();
    expect(has("lost-text")).toBe(false);
  });

  test("items are shown at most one level below the block above", async () => {
    const made = new Twin();
    made.workspaces = [{ id: "w", name: "Hut", folder: null, person: "Ida" }];
    made.current = "w";
    const item = (indent: number): Block => ({ attrs: { kind: "task", indent }, content: [{ text: String(indent), marks: {} }] });
    const info = made.add("List", [item(2), item(1), item(4), item(2), item(0)]);
    await open(made);
    const levels = (): (string | null)[] => [...find("page").children].map((block) => block.getAttribute("aria-level"));
    const indents = (): (string | undefined)[] => [...find("page").children].map((block) => (block as HTMLElement).dataset.indent);
    expect(levels()).toEqual(["1", "2", "3", "3", "1"]);
    expect(indents()).toEqual([undefined, "1", "2", "2", undefined]);
    made.remotely(info.id, () => [{ type: "set", block: 1, attrs: { indent: null } }]);
    await settle();
    expect(levels()).toEqual(["1", "1", "2", "3", "1"]);
    expect(made.page(info.id)[2]?.attrs.indent).toBe(4);
  });

  test("a failing action is told of, and can be dismissed", async () => {
    await open(withDocuments());
    twin.failing.set("createDocument", { code: "disk-full", message: "The disk is full." });
    await press("new-document");
    expect(find("notice").textContent).toContain("The disk is full.");
    expectNames();
  });
});

describe("the page", () => {
  test("a title is stored after a pause, and until then the words count as being saved", async () => {
    await open(withDocuments());
    await fill("document-title", "Winter");
    expect(find("whereabouts").dataset.state).toBe("saving");
    await settle(600);
    expect(titles()).toEqual(["Winter", "First"]);
    expect(find("whereabouts").dataset.state).toBe("onThisDevice");
  });

  test("Enter in the title goes to the text", async () => {
    await open(withDocuments());
    find("document-title").focus();
    await key(find("document-title"), "Enter");
    expect(document.activeElement).toBe(find("page"));
  });

  test("the toolbar is one stop, and the arrows go through it", async () => {
    await open(withDocuments());
    const stops = document.querySelectorAll("[role=toolbar] [tabindex='0']");
    expect(stops).toHaveLength(1);
    find("toolbar-style").focus();
    await key(document.activeElement ?? window, "ArrowRight");
    expect(document.activeElement).toBe(find("toolbar-bold"));
    expect(document.querySelectorAll("[role=toolbar] [tabindex='0']")).toHaveLength(1);
  });

  test("undo and redo are in the toolbar, as far as there is something for them", async () => {
    await open(withDocuments());
    const enabled = (): boolean[] => ["toolbar-undo", "toolbar-redo"].map((id) => find(id).getAttribute("aria-disabled") !== "true");
    expect(enabled()).toEqual([false, false]);
    await press("toolbar-quote");
    expect(enabled()).toEqual([true, false]);
    await press("toolbar-undo");
    expect(enabled()).toEqual([false, true]);
    expect(twin.page(desk.open?.id ?? "")[0]?.attrs).toEqual({ kind: "task" });
    await settle(100);
    expect(desk.announcement, "it is nobody else's change").toBe("");
    await press("toolbar-redo");
    expect(enabled()).toEqual([true, false]);
    expect(twin.page(desk.open?.id ?? "")[0]?.attrs).toEqual({ kind: "quote" });
  });

  test("tasks have boxes", async () => {
    await open(withDocuments());
    expect(find("task-box").getAttribute("aria-checked")).toBe("false");
    await press("task-box");
    expect(find("task-box").getAttribute("aria-checked")).toBe("true");
    expect(twin.page(desk.open?.id ?? "")[0]?.attrs).toEqual({ kind: "task", checked: true });
  });

  test("a link is asked for in a card", async () => {
    await open(withDocuments());
    await press("toolbar-link");
    expectNames();
    await fill("link-address", "javascript:alert(1)");
    await press("link-apply");
    expect(document.querySelector("[role=alert]#link-refused")).not.toBeNull();
    await fill("link-address", "x.example");
    await press("link-apply");
    expect(has("link-card")).toBe(false);
    expect(document.querySelector(".ProseMirror a")?.getAttribute("href")).toBe("https://x.example");
  });
});

describe("where the words are", () => {
  function type(text: string): void {
    const shown = desk.open;
    shown?.dispatch(shown.state.tr.insertText(text, 1));
    flushSync();
  }

  test("never said to be safe before they are", async () => {
    const made = withDocuments();
    made.facts.words = "inTheFolder";
    await open(made);
    expect(find("whereabouts").dataset.state).toBe("inTheFolder");
    twin.delay = () => 100;
    twin.facts.words = "onThisDevice";
    type("x");
    expect(find("whereabouts").dataset.state).toBe("saving");
    await settle(110);
    expect(find("whereabouts").dataset.state).toBe("saving");
    await settle(110);
    expect(find("whereabouts").dataset.state).toBe("onThisDevice");
    twin.emit({ type: "status", status: { ...twin.facts, words: "inTheFolder" } });
    await settle();
    expect(find("whereabouts").dataset.state).toBe("inTheFolder");
  });

  test("not saved: said, kept, and asked about before the window closes", async () => {
    await open(withDocuments());
    twin.failing.set("edit", { code: "disk-full", message: "The disk is full." });
    type("x");
    await settle();
    expect(find("whereabouts").dataset.state).toBe("notSaved");
    const closing = twin.closeWindow();
    await settle();
    expect(document.activeElement).toBe(find("leave-stay"));
    expectNames();
    await press("leave-stay");
    expect(await closing).toBe(false);
    twin.failing.clear();
    await settle(20_000);
    expect(find("whereabouts").dataset.state).toBe("onThisDevice");
    expect(twin.held).toBe(false);
  });

  test("words that aren't stored wait while another document is shown", async () => {
    await open(withDocuments());
    const first = desk.open?.id ?? "";
    twin.failing.set("edit", { code: "disk-full", message: "The disk is full." });
    type("x");
    await settle();
    const other = desk.documents.find(({ id }) => id !== first)?.id ?? "";
    await desk.show(other);
    await settle();
    expect(find("whereabouts").dataset.state).toBe("notSaved");
    await desk.show(first);
    await settle();
    expect(find("page").textContent).toContain("xthree");
    await desk.show(other);
    twin.failing.clear();
    await settle(40_000);
    expect(find("whereabouts").dataset.state).toBe("onThisDevice");
    expect(twin.page(first)[0]?.content).toEqual([{ text: "xthree", marks: {} }]);
  });

  test("others are seen where they are, by name, and one may choose not to be seen", async () => {
    const made = withDocuments();
    const peers = [{ replica: "b", person: "Anna", device: "laptop", reached: null }];
    made.facts = { ...made.facts, others: 1, peers };
    await open(made);
    const document = desk.open?.id ?? "";
    const point = { block: 0, offset: 2 };
    const anna = { replica: "b", person: "Anna", device: "laptop", document, selection: null, counter: 5 };
    twin.here = [{ ...anna, selection: { anchor: point, head: point } }];
    twin.emit({ type: "presences", present: [anna] });
    await settle();
    expect(find("page").querySelector<HTMLElement>(".other-caret")?.dataset.name).toBe("Anna");
    expect(find("page").textContent).toContain("three");
    await press("peers");
    expect(find("peer").textContent).toContain("In “Second”");
    await press("is-seen");
    expect(twin.facts.is_seen).toBe(false);
    expectNames();
    // Where the writer goes, the session is told, and not at every key.
    desk.open?.view?.dom.focus();
    type("x");
    type("y");
    await settle(2_000);
    expect(twin.seen).toMatchObject({ document, selection: { head: { block: 0 } } });
    twin.here = [];
    twin.emit({ type: "presences", present: [] });
    await settle();
    expect(find("page").querySelector(".other-caret")).toBeNull();
  });

  test("trouble, files and others are told in words", async () => {
    const made = withDocuments();
    const peers = [
      { replica: "b", person: "Anna", device: "laptop", reached: Date.now() },
      { replica: "c", person: "", device: "", reached: null },
    ];
    made.facts = { ...made.facts, trouble: "missing", others: 2, peers, pending: 1 };
    const [anna, tor] = [{ replica: "b", person: "Anna", device: "laptop" }, { replica: "c", person: "Tor", device: "" }];
    made.healthFacts = {
      waiting: [{ path: "a.ink", author: anna, awaited: tor, number: 12, since: 0 }],
      refused: [{ path: "b.ink", pending: false, reason: "the file is damaged", remedy: "Restore it.", code: "file/incomplete" }],
    };
    await open(made);
    expect(find("reached").textContent).toBe("Reached 1 of 2");
    await press("peers");
    expect(find("peers-panel").textContent).toMatch(/Anna’s laptop\s+Reached .*Somebody\s+Not yet/s);
    await press("trouble");
    expect(find("trouble-panel").textContent).toContain("safe on this device");
    await press("files");
    await settle();
    expect(find("health-headline").textContent).toContain("The shared folder is missing.");
    const problems = [...document.querySelectorAll("[data-testid=health-problem]")].map((item) => item.textContent);
    expect(problems).toHaveLength(3);
    expect(problems[0]).toContain("Check that the drive is connected");
    expect(problems[1]).toMatch(/The file is damaged\.\s*Restore it\.\s*b\.ink/);
    expect(problems[2]).toMatch(/changes of Tor that have not arrived yet \(record 12\).*ask Tor to open Inkfold.*a\.ink/s);
    expectNames();
  });

  test("the folder's health follows what happens, looks again when asked, and gives the focus back", async () => {
    const made = withDocuments();
    const peers = [{ replica: "b", person: "Anna", device: "laptop", reached: Date.now() }];
    made.facts = { ...made.facts, words: "inTheFolder", others: 1, peers };
    await open(made);
    find("peers").focus();
    await press("peers");
    find("open-health").focus();
    await press("open-health");
    expect(has("peers-panel")).toBe(false);
    expect(document.activeElement).toBe(find("health-dialog"));
    expect(find("health-headline").textContent).toContain("All is well: everything has reached Anna’s laptop.");
    expect(find("health-person").textContent).toMatch(/Anna’s laptop.*Has everything since.*Last seen/s);

    made.healthFacts = { blobs: { in_folder: 0, here: 0, missing: 2 }, unpublished: { records: 1, files: 0, blobs: 0 } };
    made.facts = { ...made.facts, peers: [{ ...peers[0]!, reached: null }] };
    made.emit({ type: "status", status: made.facts });
    await settle();
    expect(find("health-headline").dataset.tone).toBe("waiting");
    expect(find("health-headline").textContent).toContain("2 images or attachments have not arrived.");
    expect(find("health-leaving").textContent).toContain("1 change");
    made.healthFacts = {};
    await press("look-again");
    expect(made.looks).toBe(1);
    expect(find("health-headline").textContent).toContain("0 of 1 others");

    made.failing.set("health", { code: "store", message: "The database can't be read." });
    await press("look-again");
    expect(document.querySelector("[data-testid=health-dialog] [role=alert]")?.textContent).toContain("can't be read");
    expectNames();
    await key(find("health-dialog"), "Escape");
    expect(has("health-dialog")).toBe(false);
    expect(document.activeElement).toBe(find("peers"));
  });

  test("reading a large folder shows how far it is, can be stopped, and goes on", async () => {
    const made = withDocuments();
    made.facts = { ...made.facts, reading: { files: 3120, read: 1204, percent: 38, stopped: false } };
    await open(made);
    expect(find("reading").textContent).toContain("1,204 of 3,120 files");
    expect(find("reading").querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")).toBe("38");
    expectNames();
    await press("reading-turn");
    await settle();
    expect(made.facts.reading?.stopped).toBe(true);
    expect(find("reading").textContent).toContain("stays on this device");
    expect(find("reading").querySelector("[role=progressbar]")).toBeNull();
    await press("reading-turn");
    await settle();
    expect(made.facts.reading?.stopped).toBe(false);
    made.facts = { ...made.facts, reading: null };
    made.emit({ type: "status", status: made.facts });
    await settle();
    expect(document.querySelector("[data-testid=reading]")).toBeNull();
  });

  test("a screen reader hears of others' changes", async () => {
    await open(withDocuments());
    twin.remotely(desk.open?.id ?? "", () => [{ type: "set", block: 0, attrs: { checked: true } }]);
    await settle(200);
    expect(find("announcer").textContent).toBe("Changes from others arrived");
  });
});

describe("at home", () => {
  test("documents that arrive while the list is asked for are not missed", async () => {
    const made = new Twin();
    made.workspaces = [{ id: "w", name: "Hut", folder: "/home/ida/Hut", person: "Ida" }];
    made.current = "w";
    const ask = made.documents.bind(made);
    made.documents = async () => {
      const answer = await ask();
      if (answer.length > 0) return answer;
      // The answer is on its way when the first document comes in and is told of.
      const info = made.add("Late", [{ attrs: { kind: "paragraph" }, content: [{ text: "here", marks: {} }] }]);
      made.emit({ type: "documents", documents: [info] });
      return answer;
    };
    await open(made);
    expect(find("page").textContent).toContain("here");
  });

  async function folderDialog(): Promise<void> {
    await press("workspace-menu");
    await press("folder-menu");
  }

  test("a workspace is shared, moved and taken out of its folder", async () => {
    const made = withDocuments();
    made.workspaces = [{ id: "w", name: "Hut", folder: null, person: "Ida" }];
    await open(made);
    const shown = desk.open;
    await folderDialog();
    expectNames();
    expect(document.activeElement?.closest("[role=dialog]")).not.toBeNull();
    await press("folder-use");
    expect(find("folder-trouble").textContent).toContain("Choose a folder");
    twin.failing.set("useFolder", { code: "unfit-folder", message: "choose another folder" });
    await fill("new-folder", "/home/ida/Notes");
    await press("folder-use");
    expect(find("folder-trouble").textContent).toBe("choose another folder");
    twin.failing.clear();
    await press("folder-use");
    expect(has("folder-dialog")).toBe(false);
    expect(desk.workspace?.folder).toBe("/home/ida/Notes");
    expect(find("sidebar").textContent).toContain("Shared folder");

    await folderDialog();
    expect(find("folder-place").textContent).toBe("/home/ida/Notes");
    await fill("new-folder", "/home/ida/Other");
    await press("folder-use");
    expect(desk.workspace?.folder).toBe("/home/ida/Other");

    await folderDialog();
    await press("folder-leave");
    expect(document.activeElement).toBe(find("folder-leave-now"));
    await press("folder-leave-now");
    expect(desk.workspace?.folder).toBeNull();
    expect(desk.open).toBe(shown);

    await folderDialog();
    await key(find("folder-dialog"), "Escape");
    expect(has("folder-dialog")).toBe(false);
  });

  test("two who shared the same folder come together", async () => {
    const made = withDocuments();
    made.facts = { ...made.facts, trouble: "severalWorkspaces" };
    made.others = [{ id: "theirs", name: "Anna’s hut", file: "anna-s-hut.inkfold", mine: false }];
    await open(made);
    await press("trouble");
    await press("trouble-folder");
    expect(find("join-neighbour").textContent).toContain("Anna’s hut");
    expectNames();
    await press("join-neighbour");
    expect(desk.workspace?.id).toBe("theirs");
    expect(desk.workspaces.find(({ id }) => id === "w")?.folder).toBeNull();
    expect(has("folder-dialog")).toBe(false);

    // One's own file still lies there, until it is taken out.
    await folderDialog();
    expect(has("join-neighbour")).toBe(false);
    expectNames();
    made.failing.set("takeOutNeighbour", { code: "file-stays", message: "Others use it." });
    await press("take-out-now");
    expect(find("folder-trouble").textContent).toBe("Others use it.");
    made.failing.delete("takeOutNeighbour");
    await press("take-out-now");
    expect(has("folder-dialog")).toBe(false);
    expect(has("trouble")).toBe(false);
  });

  test("who joins another workspace can take the own file out with it", async () => {
    const made = withDocuments();
    made.facts = { ...made.facts, trouble: "severalWorkspaces" };
    made.others = [{ id: "theirs", name: "Anna’s hut", file: "anna-s-hut.inkfold", mine: false }];
    await open(made);
    await press("trouble");
    await press("trouble-folder");
    await press("take-out");
    await press("join-neighbour");
    expect(desk.workspace?.id).toBe("theirs");
    expect(made.others).toEqual([]);
    expect(has("trouble")).toBe(false);
  });

  test("news from home are told until they are dismissed, and after what went wrong just now", async () => {
    const made = withDocuments();
    made.facts = { ...made.facts, news: [{ type: "newIdentity" }, { type: "rebuilt", aside: "/aside", records: 12 }] };
    await open(made);
    expect(find("notice").textContent).toContain("under a new identity");
    expect(find("notice").textContent).toContain("12 records could be read");
    expect(find("notice").textContent).toContain("/aside");
    desk.complain({ code: "x", message: "It did not work." });
    await settle();
    expect(find("notice").textContent).not.toContain("identity");
    const close = (): void => find("notice").querySelector<HTMLElement>("button.icon-button")?.click();
    close();
    await settle();
    expect(find("notice").textContent).toContain("under a new identity");
    close();
    await settle();
    expect(find("notice").textContent).toBe("");
    expect(twin.facts.news).toEqual([]);
  });

  test("a lost database without a folder is a page that says so, and what is left can be brought back", async () => {
    const made = withDocuments();
    made.failing.set("start", { code: "database-lost", message: "It was put aside at /aside." });
    await open(made);
    expect(find("failure").textContent).toContain("/aside");
    expectNames();
    await press("salvage");
    expect(has("failure")).toBe(false);
    expect(find("page").textContent).toContain("three");
  });
});
