/**
 * The app's in-memory twin: workspaces, documents and the edit protocol as the session keeps it, without a disk.
 * What others do is given as a function of the page, and happens when the window asks for a patch.
 */

import type { BlobInfo } from "../bindings/BlobInfo";
import type { BlobState } from "../bindings/BlobState";
import type { Block } from "../bindings/Block";
import type { Change } from "../bindings/Change";
import type { DocumentInfo } from "../bindings/DocumentInfo";
import type { Edit } from "../bindings/Edit";
import type { Event } from "../bindings/Event";
import type { Failure } from "../bindings/Failure";
import type { Health } from "../bindings/Health";
import type { Neighbour } from "../bindings/Neighbour";
import type { Opened } from "../bindings/Opened";
import type { Patch } from "../bindings/Patch";
import type { Present } from "../bindings/Present";
import type { Selection } from "../bindings/Selection";
import type { Start } from "../bindings/Start";
import type { Status } from "../bindings/Status";
import type { Undo } from "../bindings/Undo";
import type { Undone } from "../bindings/Undone";
import type { WorkspaceInfo } from "../bindings/WorkspaceInfo";
import { applyChanges } from "../model/apply";
import type { Host } from "./host";
import { Past } from "./past";

/** A hash like any other, for the twin's own. */
export function hashFor(number: number): string {
  return number.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)] ?? "a").padStart(52, "a");
}

const HEALTHY: Omit<Health, "folder" | "words" | "trouble" | "stopped" | "documents" | "people"> = {
  looked: 0,
  files: 0,
  bytes: 0,
  checkpoints: 0,
  records: 0,
  blobs: { in_folder: 0, here: 0, missing: 0 },
  unpublished: { records: 0, files: 0, blobs: 0 },
  waiting: [],
  refused: [],
  places: [],
  unlisted: 0,
};

type Remote = (blocks: Block[]) => Change[];

interface TwinDocument {
  info: DocumentInfo;
  /** The page as the window has it, but for edits that are still on their way. */
  blocks: Block[];
  patch: number;
  /** The greatest number that was ever given to a patch. */
  last: number;
  counter: number;
  /** What the window's writer can take back. */
  past: Past;
  /** Edits and undos that overtook others. */
  early: Map<number, Edit | { undo: Undo; answer: (undone: Undone) => void }>;
  /** The last undo's counter and answer, for a window that asks again. */
  undone: { counter: number; answer: Undone } | null;
  /** What others did and the window hasn't taken in. */
  remote: Remote[];
  /** The last answer, until the next message tells whether it was applied. */
  offered: { number: number; blocks: Block[]; changes: Change[]; remote: Remote[] } | null;
  /** Questions that wait for edits which haven't arrived. */
  waiting: { counter: number; go: () => void }[];
}

export class Twin implements Host {
  workspaces: WorkspaceInfo[] = [];
  current: string | null = null;
  lastDocument: string | null = null;
  /** What the folder's health has beside what the status says. */
  healthFacts: Partial<Health> = {};
  /** How often the folder was looked through because somebody wanted it. */
  looks = 0;
  /** Other workspaces in the shared folder. */
  others: Neighbour[] = [];
  links: string[] = [];
  /** Where the others are, and where the window's person was seen last. */
  here: Present[] = [];
  seen: { document: string; selection: Selection } | null = null;
  facts: Status = {
    words: "onThisDevice",
    trouble: null,
    others: 0,
    peers: [],
    is_seen: true,
    pending: 0,
    refused: 0,
    reading: null,
    news: [],
  };
  /** What was saved, by hash and name. */
  saved: { hash: string; name: string }[] = [];
  /** The images and files that are here, by hash. */
  readonly blobs = new Map<string, Blob>();
  /** Those of other workspaces on this device. */
  readonly elsewhere = new Map<string, Blob>();
  /** Blobs that were asked for and weren't here. */
  readonly wanted: string[] = [];
  /** How large an image is, in pixels; null for anything else. */
  measure: (content: Blob) => { width: number; height: number } | null = (content) =>
    /^image\/(png|jpeg|gif|webp)$/.test(content.type) ? { width: 640, height: 480 } : null;
  /** Set to have calls of this name rejected. */
  readonly failing = new Map<keyof Host, Failure>();
  /** How long a call takes, in milliseconds. */
  delay: () => number = () => 0;
  readonly #documents = new Map<string, TwinDocument>();
  readonly #listeners = new Set<(event: Event) => void>();
  #ids = 0;
  #leave: (() => Promise<boolean>) | null = null;

  /** Puts a document in, as if it had always been there. */
  add(title: string, blocks: Block[], edited = Date.now(), trashed = false): DocumentInfo {
    const info: DocumentInfo = { id: `document-${(this.#ids += 1)}`, title, trashed, edited };
    this.#documents.set(info.id, {
      info,
      blocks,
      patch: 1,
      last: 1,
      counter: 0,
      past: new Past(blocks),
      early: new Map(),
      undone: null,
      remote: [],
      offered: null,
      waiting: [],
    });
    return info;
  }

  /** The page as the session has it. */
  page(document: string): Block[] {
    return this.#document(document).blocks;
  }

  /** Somebody else changes the page. */
  remotely(document: string, remote: Remote): void {
    this.#document(document).remote.push(remote);
    this.emit({ type: "newer", document });
  }

  emit(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Asks to close the window, as its close button does. */
  async closeWindow(): Promise<boolean> {
    return this.#leave === null ? true : this.#leave();
  }

  get held(): boolean {
    return this.#leave !== null;
  }

  async start(): Promise<Start> {
    await this.#call("start");
    return { workspaces: this.workspaces, current: this.current, document: this.lastDocument };
  }

  async createWorkspace(name: string, person: string, folder: string | null): Promise<WorkspaceInfo> {
    await this.#call("createWorkspace");
    return this.#addWorkspace(name, person, folder);
  }

  async joinWorkspace(folder: string, person: string): Promise<WorkspaceInfo> {
    await this.#call("joinWorkspace");
    return this.#addWorkspace(folder.split(/[\\/]/).filter(Boolean).at(-1) ?? folder, person, folder);
  }

  async openWorkspace(workspace: string): Promise<Start> {
    await this.#call("openWorkspace");
    this.current = workspace;
    return this.start();
  }

  async useFolder(folder: string): Promise<WorkspaceInfo> {
    await this.#call("useFolder");
    return this.#setFolder(folder);
  }

  async leaveFolder(): Promise<WorkspaceInfo> {
    await this.#call("leaveFolder");
    return this.#setFolder(null);
  }

  async neighbours(): Promise<Neighbour[]> {
    await this.#call("neighbours");
    return this.others;
  }

  async joinNeighbour(workspace: string): Promise<WorkspaceInfo> {
    await this.#call("joinNeighbour");
    const other = this.others.find(({ id }) => id === workspace);
    const mine = this.workspaces.find(({ id }) => id === this.current);
    const own = mine === undefined ? [] : [{ id: mine.id, name: mine.name, file: "own.inkfold", mine: true }];
    this.others = [...this.others.filter(({ id }) => id !== workspace), ...own];
    const joined = { id: workspace, name: other?.name ?? "", folder: mine?.folder ?? null, person: mine?.person ?? "" };
    this.#setFolder(null);
    this.workspaces = [...this.workspaces, joined];
    this.current = workspace;
    return joined;
  }

  async takeOutNeighbour(workspace: string): Promise<void> {
    await this.#call("takeOutNeighbour");
    this.others = this.others.filter(({ id }) => id !== workspace);
    if (this.others.length > 0) return;
    this.facts = { ...this.facts, trouble: null };
    this.emit({ type: "status", status: this.facts });
  }

  async salvage(): Promise<void> {
    await this.#call("salvage");
    this.failing.delete("start");
  }

  async dismissNews(): Promise<void> {
    await this.#call("dismissNews");
    this.facts = { ...this.facts, news: [] };
    this.emit({ type: "status", status: this.facts });
  }

  async diagnostics(): Promise<string> {
    await this.#call("diagnostics");
    return "Inkfold, in a test";
  }

  async chooseFolder(): Promise<string | null> {
    await this.#call("chooseFolder");
    return null;
  }

  async documents(): Promise<DocumentInfo[]> {
    await this.#call("documents");
    return this.#list();
  }

  async createDocument(title: string): Promise<DocumentInfo> {
    await this.#call("createDocument");
    const info = this.add(title, [{ attrs: { kind: "paragraph" }, content: [] }]);
    this.#emitDocuments();
    return { ...info };
  }

  async renameDocument(document: string, title: string): Promise<void> {
    await this.#call("renameDocument");
    this.#document(document).info.title = title;
    this.#emitDocuments();
  }

  async trashDocument(document: string): Promise<void> {
    await this.#call("trashDocument");
    this.#document(document).info.trashed = true;
    this.#emitDocuments();
  }

  async restoreDocument(document: string): Promise<void> {
    await this.#call("restoreDocument");
    this.#document(document).info.trashed = false;
    this.#emitDocuments();
  }

  async openDocument(document: string): Promise<Opened> {
    await this.#call("openDocument");
    const open = this.#document(document);
    this.#settleOffer(open, open.offered?.number ?? open.patch);
    Object.assign(open, { patch: 1, last: 1, counter: 0, offered: null, undone: null });
    open.early.clear();
    this.lastDocument = document;
    return { document, title: open.info.title, patch: open.patch, blocks: structuredClone(open.blocks), locked: null, ...open.past.turns };
  }

  async closeDocument(): Promise<void> {
    await this.#call("closeDocument");
  }

  async edit(edit: Edit): Promise<void> {
    await this.#call("edit");
    const open = this.#document(edit.document);
    if (edit.counter <= open.counter) return;
    open.early.set(edit.counter, structuredClone(edit));
    this.#takeTurns(open);
  }

  async undo(undo: Undo): Promise<Undone> {
    await this.#call("undo");
    const open = this.#document(undo.document);
    if (open.undone?.counter === undo.counter) return structuredClone(open.undone.answer);
    if (undo.counter <= open.counter) throw { code: "out-of-step", message: "It is long done." } satisfies Failure;
    return new Promise((answer) => {
      open.early.set(undo.counter, { undo, answer });
      this.#takeTurns(open);
    });
  }

  /** Does what has come, as far as it is its turn. */
  #takeTurns(open: TwinDocument): void {
    for (;;) {
      const counter = open.counter + 1;
      const next = open.early.get(counter);
      if (next === undefined) break;
      open.early.delete(counter);
      const { patch } = "undo" in next ? next.undo : next;
      this.#settleOffer(open, patch);
      if (patch !== open.patch) throw new Error(`Edit ${counter} builds on patch ${patch}, not ${open.patch}.`);
      open.counter = counter;
      if ("undo" in next) {
        next.answer(structuredClone(this.#turn(open, next.undo)));
      } else {
        open.blocks = applyChanges(open.blocks, next.changes);
        open.past.edited(next);
        open.info.edited = Date.now();
      }
    }
    for (const question of open.waiting.splice(0)) question.go();
  }

  #turn(open: TwinDocument, { document, counter, redo }: Undo): Undone {
    const { changes, selection } = open.past.turn(redo);
    open.blocks = applyChanges(open.blocks, changes);
    if (changes.length > 0) open.patch = open.last += 1;
    const patch = changes.length > 0 ? { document, number: open.patch, changes, title: open.info.title, locked: null } : null;
    const answer = { patch, selection, ...open.past.turns };
    open.undone = { counter, answer };
    return answer;
  }

  async nextPatch(document: string, patch: number, counter: number): Promise<Patch | null> {
    await this.#call("nextPatch");
    const open = this.#document(document);
    while (open.counter < counter) {
      await new Promise<void>((go) => open.waiting.push({ counter, go }));
    }
    this.#settleOffer(open, patch);
    // The writer has gone on since: the answer will be dropped, whatever it is.
    if (open.counter > counter || open.remote.length === 0) return null;
    const remote = open.remote.splice(0);
    let blocks = open.blocks;
    const changes: Change[] = [];
    for (const change of remote) {
      const done = change(structuredClone(blocks));
      blocks = applyChanges(blocks, done);
      changes.push(...done);
    }
    const number = (open.last += 1);
    open.offered = { number, blocks, changes, remote };
    await this.#call("nextPatch");
    return { document, number, changes: structuredClone(changes), title: open.info.title, locked: null };
  }

  async present(document: string, selection: Selection): Promise<void> {
    await this.#call("present");
    this.seen = { document, selection };
  }

  async presences(): Promise<Present[]> {
    await this.#call("presences");
    return structuredClone(this.here);
  }

  async sharePresence(shared: boolean): Promise<void> {
    await this.#call("sharePresence");
    this.facts = { ...this.facts, is_seen: shared };
  }

  async status(): Promise<Status> {
    await this.#call("status");
    return { ...this.facts };
  }

  async health(): Promise<Health> {
    await this.#call("health");
    const { words, trouble, reading, peers } = this.facts;
    const folder = this.workspaces.find(({ id }) => id === this.current)?.folder ?? null;
    const people = peers.map((peer) => ({ peer, seen: peer.reached, awaited: 0 }));
    const counted = { documents: this.#documents.size, stopped: reading?.stopped ?? false };
    return { ...HEALTHY, ...counted, folder, words, trouble, people, ...this.healthFacts };
  }

  async lookAgain(): Promise<void> {
    await this.#call("lookAgain");
    this.looks += 1;
  }

  async stopReading(): Promise<void> {
    await this.#call("stopReading");
    this.#reading(true);
  }

  async goOnReading(): Promise<void> {
    await this.#call("goOnReading");
    this.#reading(false);
  }

  #reading(stopped: boolean): void {
    const reading = this.facts.reading ?? { files: 0, read: 0, percent: 0, stopped };
    this.facts = { ...this.facts, reading: { ...reading, stopped } };
    this.emit({ type: "status", status: this.facts });
  }

  async openLink(url: string): Promise<void> {
    await this.#call("openLink");
    this.links.push(url);
  }

  async addBlob(content: Blob): Promise<BlobInfo> {
    await this.#call("addBlob");
    const hash = hashFor(this.blobs.size + 1);
    this.blobs.set(hash, content);
    const pixels = this.measure(content);
    const mediaType = pixels === null ? "application/octet-stream" : content.type;
    return { hash, mediaType, size: content.size, width: pixels?.width ?? null, height: pixels?.height ?? null };
  }

  async blob(hash: string): Promise<BlobState> {
    await this.#call("blob");
    if (this.blobs.has(hash)) return "here";
    this.wanted.push(hash);
    return "coming";
  }

  async bringBlob(hash: string): Promise<string | null> {
    await this.#call("bringBlob");
    const content = this.elsewhere.get(hash);
    return content === undefined ? null : (await this.addBlob(content)).hash;
  }

  imageAddress(hash: string): string {
    const content = this.blobs.get(hash);
    return content === undefined || !("createObjectURL" in URL) ? `twin:${hash}` : URL.createObjectURL(content);
  }

  async saveBlob(hash: string, name: string): Promise<boolean> {
    await this.#call("saveBlob");
    this.saved.push({ hash, name });
    return true;
  }

  /** A blob comes from somebody else. */
  blobCame(hash: string, content: Blob): void {
    this.blobs.set(hash, content);
    this.emit({ type: "blob", hash, state: "here" });
  }

  async listen(listener: (event: Event) => void): Promise<() => void> {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async holdWindow(leave: () => Promise<boolean>): Promise<() => void> {
    this.#leave = leave;
    return () => {
      this.#leave = null;
    };
  }

  /** Whether the last answer was applied shows in the number that the next message carries. */
  #settleOffer(open: TwinDocument, patch: number): void {
    const offered = open.offered;
    if (offered === null) return;
    open.offered = null;
    if (patch === offered.number) {
      open.blocks = offered.blocks;
      open.patch = offered.number;
      open.past.remotely(offered.changes);
    } else {
      open.remote.unshift(...offered.remote);
    }
  }

  async #call(name: keyof Host): Promise<void> {
    const delay = this.delay();
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    const failure = this.failing.get(name);
    if (failure !== undefined) throw failure;
  }

  #setFolder(folder: string | null): WorkspaceInfo {
    this.workspaces = this.workspaces.map((info) => (info.id === this.current ? { ...info, folder } : info));
    const workspace = this.workspaces.find(({ id }) => id === this.current);
    if (workspace === undefined) throw { code: "no-workspace", message: "There is none." } satisfies Failure;
    this.emit({ type: "workspace", workspace });
    return workspace;
  }

  #addWorkspace(name: string, person: string, folder: string | null): WorkspaceInfo {
    const workspace = { id: `workspace-${(this.#ids += 1)}`, name, folder, person };
    this.workspaces = [...this.workspaces, workspace];
    this.current = workspace.id;
    return workspace;
  }

  #document(id: string): TwinDocument {
    const found = this.#documents.get(id);
    if (found === undefined) throw { code: "document-missing", message: "There is no such document." } satisfies Failure;
    return found;
  }

  #list(): DocumentInfo[] {
    return [...this.#documents.values()].map(({ info }) => ({ ...info })).sort((a, b) => b.edited - a.edited);
  }

  #emitDocuments(): void {
    this.emit({ type: "documents", documents: this.#list() });
  }
}
