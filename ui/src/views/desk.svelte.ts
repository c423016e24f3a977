/** What the window shows: the workspace, its documents, the one that is open, and where the writer's words are. */

import type { EditorState } from "prosemirror-state";

import type { DocumentInfo } from "../bindings/DocumentInfo";
import type { Event } from "../bindings/Event";
import type { Failure } from "../bindings/Failure";
import type { Present } from "../bindings/Present";
import type { Start } from "../bindings/Start";
import type { Status } from "../bindings/Status";
import type { Whereabouts } from "../bindings/Whereabouts";
import type { WorkspaceInfo } from "../bindings/WorkspaceInfo";
import { Blobs } from "../editor/blobs";
import { OpenDocument, type Listener } from "../editor/document";
import { failureOf, type Host } from "../host";
import { known, t } from "../messages";
import { Title } from "./page/title.svelte";
import { Safety } from "./status/safety.svelte";

export type Phase = "loading" | "failed" | "first" | "ready";

export class Desk {
  phase: Phase = $state("loading");
  failure: Failure | null = $state(null);
  workspaces: WorkspaceInfo[] = $state([]);
  workspace: WorkspaceInfo | null = $state(null);
  documents: DocumentInfo[] = $state([]);
  /** The document that is shown; null while none is. */
  open: OpenDocument | null = $state.raw(null);
  /** The shown document's page and selection. */
  page: EditorState | null = $state.raw(null);
  title: Title | null = $state.raw(null);
  status: Status | null = $state(null);
  /** Who else is in which document at the moment. */
  present: Present[] = $state.raw([]);
  /** What a screen reader is told. */
  announcement = $state("");
  /** What went wrong last, until the person dismisses it. */
  notice: string | null = $state(null);
  /** Text that the notice is about, kept so that it can be put in again. */
  lost = $state("");
  /** Set while the shared folder's dialog is shown. */
  folderDialog = $state(false);
  /** Set while it is shown how the folder stands. */
  healthDialog = $state(false);
  linkCard = $state(false);
  /** Set where a document could not be opened and none is shown. */
  stranded = $state(false);
  /** Set while there is no document; where there is a folder, one may still arrive in it. */
  empty = $state(false);
  leaving: ((leave: boolean) => void) | null = $state.raw(null);
  readonly safety: Safety;
  readonly blobs: Blobs;
  /** Documents that were turned away from while edits of theirs were not durable yet. */
  readonly #kept = new Map<string, OpenDocument>();
  #listening = false;
  #opening = 0;
  /** How many lists of documents were told of. */
  #lists = 0;
  /** The document that is being opened. */
  #wanted: string | null = null;

  constructor(readonly host: Host) {
    this.blobs = new Blobs(host);
    this.safety = new Safety(host, {
      status: (status) => (this.status = status),
      leave: () => new Promise((resolve) => (this.leaving = resolve)),
    });
  }

  /** Where the words are, as the status line says it. */
  get whereabouts(): "saving" | Whereabouts {
    return this.safety.state ?? this.status?.words ?? "onThisDevice";
  }

  async begin(): Promise<void> {
    this.phase = "loading";
    try {
      if (!this.#listening) {
        await this.host.listen((event) => this.#heard(event));
        this.#listening = true;
      }
      await this.#enter(await this.host.start());
    } catch (error) {
      this.failure = failureOf(error);
      this.phase = "failed";
    }
  }

  /** Makes a workspace on this device, or in a folder, and goes there. Rejects with a `Failure`. */
  async createWorkspace(person: string, folder: string | null): Promise<void> {
    const name = folder?.split(/[\\/]/).filter(Boolean).at(-1) ?? t("start.workspace.own");
    const made = await this.host.createWorkspace(name, person, folder);
    await this.openWorkspace(made.id);
    if (this.empty) await this.createDocument();
  }

  async joinWorkspace(person: string, folder: string): Promise<void> {
    const joined = await this.host.joinWorkspace(folder, person);
    await this.openWorkspace(joined.id);
  }

  /** Shares the workspace through a folder, or moves it there. Rejects with a `Failure`. */
  async useFolder(folder: string): Promise<void> {
    this.#known(await this.host.useFolder(folder));
  }

  /** Rejects with a `Failure`. */
  async leaveFolder(): Promise<void> {
    this.#known(await this.host.leaveFolder());
  }

  /**
   * Joins another workspace of the same folder, with copies of the documents here, and takes the file of the one that was
   * open out of it if that is wanted. Rejects with a `Failure`.
   */
  async joinNeighbour(workspace: string, takeOut: boolean): Promise<void> {
    const own = this.workspace?.id;
    await this.#putAway();
    await this.#enter(await this.host.joinNeighbour(workspace).then(() => this.host.start()));
    if (takeOut && own !== undefined) await this.takeOutNeighbour(own);
  }

  /** Takes the file of a workspace of one's own out of the folder that it has left. Rejects with a `Failure`. */
  async takeOutNeighbour(workspace: string): Promise<void> {
    await this.host.takeOutNeighbour(workspace);
    this.status = await this.host.status();
  }

  /** Takes what can be read of a lost database, and goes on with that. */
  async salvage(): Promise<void> {
    this.phase = "loading";
    try {
      await this.host.salvage();
      await this.begin();
    } catch (error) {
      this.failure = failureOf(error);
      this.phase = "failed";
    }
  }

  /** What happened at home and the person hasn't dismissed, in words. */
  get news(): string[] {
    return (this.status?.news ?? []).map((news) => {
      if (news.type === "newIdentity") return t("news.newIdentity");
      return news.aside === null ? t("news.rebuilt.missing") : t("news.rebuilt", { aside: news.aside, count: news.records });
    });
  }

  async dismissNews(): Promise<void> {
    await this.#act(() => this.host.dismissNews());
  }

  async copyDiagnostics(): Promise<void> {
    try {
      await navigator.clipboard.writeText(await this.host.diagnostics());
      this.notice = t("diagnostics.copied");
      this.lost = "";
    } catch (error) {
      this.complain(error);
    }
  }

  #known(workspace: WorkspaceInfo): void {
    this.workspaces = this.workspaces.map((info) => (info.id === workspace.id ? workspace : info));
    if (this.workspace?.id === workspace.id) this.workspace = workspace;
  }

  async openWorkspace(workspace: string): Promise<void> {
    await this.#putAway();
    await this.#enter(await this.host.openWorkspace(workspace));
  }

  async #enter(start: Start): Promise<void> {
    this.blobs.forget();
    this.workspaces = start.workspaces;
    this.workspace = start.workspaces.find(({ id }) => id === start.current) ?? null;
    if (this.workspace === null) {
      this.phase = "first";
      return;
    }
    await this.#refresh();
    this.status = await this.host.status();
    const alive = this.documents.filter(({ trashed }) => !trashed);
    const wanted = alive.find(({ id }) => id === start.document) ?? alive[0];
    this.phase = "ready";
    // Where somebody has joined, an empty document of his own would stand among those that are still on their way.
    this.empty = wanted === undefined;
    if (wanted !== undefined) await this.show(wanted.id);
  }

  /** Shows a document, putting the one before away. */
  async show(id: string): Promise<void> {
    // Opened twice, it would be one document for the session, and closing the first would close the second.
    if (this.open?.id === id || this.#wanted === id) return;
    this.stranded = false;
    this.empty = false;
    this.#wanted = id;
    this.#opening += 1;
    const opening = this.#opening;
    try {
      await this.#putAway();
      const kept = this.#kept.get(id);
      if (kept !== undefined) {
        this.#kept.delete(id);
        this.#present(kept, this.documents.find((info) => info.id === id)?.title ?? "");
        return;
      }
      const opened = await this.host.openDocument(id);
      if (opening !== this.#opening) {
        if (this.open?.id !== id && this.#wanted !== id) await this.host.closeDocument(id);
        return;
      }
      this.#present(this.#connect(opened), opened.title);
    } catch (error) {
      this.stranded = this.open === null;
      this.complain(error);
    } finally {
      if (opening === this.#opening) this.#wanted = null;
    }
  }

  #connect(opened: Awaited<ReturnType<Host["openDocument"]>>): OpenDocument {
    const listener: Listener = {
      changed: (document) => {
        if (document === this.open) this.page = document.state;
      },
      saving: (document, saving) => this.safety.report(document.id, saving),
      patched: (document, patch) => {
        if (document === this.open) {
          this.title?.arrived(patch.title);
          if (patch.changes.length > 0) this.announce(t("notice.merged"));
        }
      },
      broken: (document) => void this.#openAgain(document),
      refused: (document) => void this.#openWithout(document),
      editLink: (document) => {
        if (document === this.open) this.linkCard = true;
      },
      openLink: (href) => void this.host.openLink(href).catch((error: unknown) => this.complain(error)),
      failed: (error) => this.complain(error),
      leaveUp: () => this.title?.focus(),
    };
    return new OpenDocument(this.host, opened, listener, this.blobs);
  }

  #present(document: OpenDocument, title: string): void {
    this.open = document;
    this.page = document.state;
    this.linkCard = false;
    this.title = new Title(title, (text) => this.host.renameDocument(document.id, text), (saving) =>
      this.safety.report(`title of ${document.id}`, saving),
    );
    // Something may have arrived before there was anybody to tell of it.
    document.exchange.newer();
    document.presence.newer();
  }

  /** Takes the shown document off the desk. It is closed once all of it is durable. */
  async #putAway(): Promise<void> {
    const document = this.open;
    if (document === null) return;
    this.title?.flush();
    this.open = null;
    this.page = null;
    this.title = null;
    if (document.exchange.saving.state === "saved") {
      await this.#close(document);
      return;
    }
    this.#kept.set(document.id, document);
    void document.exchange.drained().then(() => {
      if (this.#kept.get(document.id) !== document) return undefined;
      this.#kept.delete(document.id);
      return this.#close(document);
    });
  }

  /** That closing fails is no reason to keep the writer from another document. */
  async #close(document: OpenDocument): Promise<void> {
    document.exchange.close();
    document.presence.close();
    await this.host.closeDocument(document.id).catch(() => undefined);
  }

  /** The page and the session disagree, which must not happen; what is durable is shown again. */
  async #openAgain(document: OpenDocument): Promise<void> {
    await document.exchange.drained();
    if (document !== this.open) return;
    await this.#putAway();
    await this.show(document.id);
    this.announce(t("notice.reopened"));
  }

  /** The session refused what was written: the document is shown without it, and its text to the writer. */
  async #openWithout(document: OpenDocument): Promise<void> {
    const title = this.documents.find(({ id }) => id === document.id)?.title || t("document.untitled");
    if (document === this.open) {
      this.#opening += 1;
      const opening = this.#opening;
      try {
        // The page stays until there is another one in its place, so that no key falls between them.
        const opened = await this.host.openDocument(document.id);
        if (document === this.open && opening === this.#opening) {
          this.title?.flush();
          const fresh = this.#connect(opened);
          fresh.goOnFrom(document);
          this.#present(fresh, opened.title);
        }
      } catch (error) {
        this.complain(error);
        this.lost = document.lost;
        return;
      }
    }
    const { lost } = document;
    this.notice = t(lost === "" ? "notice.refused" : "notice.refused.text", { title });
    this.lost = lost;
  }

  async createDocument(): Promise<void> {
    try {
      const made = await this.host.createDocument("");
      await this.#refresh();
      await this.show(made.id);
      this.title?.focus();
    } catch (error) {
      this.complain(error);
    }
  }

  async renameDocument(id: string, title: string): Promise<void> {
    if (this.open?.id === id && this.title !== null) {
      this.title.type(title);
      this.title.flush();
      return;
    }
    await this.#act(() => this.host.renameDocument(id, title));
  }

  async trashDocument(info: DocumentInfo): Promise<void> {
    await this.#act(async () => {
      await this.host.trashDocument(info.id);
      await this.#refresh();
      if (this.open?.id === info.id) {
        const next = this.documents.find(({ trashed }) => !trashed) ?? (await this.host.createDocument(""));
        await this.#refresh();
        await this.show(next.id);
      }
      this.announce(t("document.trashed", { title: info.title || t("document.untitled") }));
    });
  }

  async restoreDocument(info: DocumentInfo): Promise<void> {
    await this.#act(async () => {
      await this.host.restoreDocument(info.id);
      this.announce(t("document.restored", { title: info.title || t("document.untitled") }));
    });
  }

  async #act(action: () => Promise<void>): Promise<void> {
    try {
      await action();
      await this.#refresh();
    } catch (error) {
      this.complain(error);
    }
  }

  async #refresh(): Promise<void> {
    const lists = this.#lists;
    const documents = await this.host.documents();
    // A list that was told of meanwhile is the newer one, and isn't told of again.
    if (lists === this.#lists) this.documents = documents;
  }

  announce(text: string): void {
    // The same words twice are only read twice if they change in between.
    this.announcement = "";
    setTimeout(() => (this.announcement = text), 50);
  }

  complain(error: unknown): void {
    this.notice = inWords(failureOf(error));
    this.lost = "";
  }

  /** Whether others may see where the person here is. */
  async sharePresence(shared: boolean): Promise<void> {
    await this.#act(async () => {
      await this.host.sharePresence(shared);
      this.status = await this.host.status();
    });
  }

  #heard(event: Event): void {
    switch (event.type) {
      case "presences":
        this.present = event.present;
        this.open?.presence.newer();
        break;
      case "documents": {
        this.documents = event.documents;
        this.#lists += 1;
        const shown = event.documents.find(({ id }) => id === this.open?.id);
        if (shown) this.title?.arrived(shown.title);
        const first = event.documents.find(({ trashed }) => !trashed);
        if (this.empty && first) void this.show(first.id);
        break;
      }
      case "newer":
        if (event.document === this.open?.id) this.open.exchange.newer();
        break;
      case "turns":
        (this.open?.id === event.document ? this.open : this.#kept.get(event.document))?.turnsLost(event.counter);
        break;
      case "workspace":
        this.#known(event.workspace);
        break;
      case "blob":
        this.blobs.heard(event.hash, event.state);
        break;
      case "status":
        this.status = event.status;
        break;
    }
  }
}

/** A failure in the words of the catalogue, else in those that came with it. */
export function inWords(failure: Failure): string {
  const message = known(`failure.${failure.code}`);
  return message === null ? failure.message : t(message, { message: failure.message });
}
