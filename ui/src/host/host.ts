/**
 * What the window asks of the machine it runs on. Everything else in the user interface speaks to this
 * interface only, so that tests and a plain browser can put the in-memory twin in the app's place.
 */

import type { BlobInfo } from "../bindings/BlobInfo";
import type { BlobState } from "../bindings/BlobState";
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

export interface Host {
  start(): Promise<Start>;
  /** With no folder the workspace stays on this device; with one, that folder is shared. */
  createWorkspace(name: string, person: string, folder: string | null): Promise<WorkspaceInfo>;
  joinWorkspace(folder: string, person: string): Promise<WorkspaceInfo>;
  openWorkspace(workspace: string): Promise<Start>;
  /** Shares the open workspace through a folder, or moves it there. Documents stay open. */
  useFolder(folder: string): Promise<WorkspaceInfo>;
  /** The open workspace goes on on this device only; the files in the folder stay. */
  leaveFolder(): Promise<WorkspaceInfo>;
  /** The other workspaces that the shared folder holds. */
  neighbours(): Promise<Neighbour[]>;
  /** Joins one of them with copies of the documents here, and goes there; what is open is closed. */
  joinNeighbour(workspace: string): Promise<WorkspaceInfo>;
  /** Takes the file of a workspace of one's own, which has left the folder, out of it. Nothing else goes. */
  takeOutNeighbour(workspace: string): Promise<void>;
  /** Begins a new database for the workspace that was shown last, with what can be read of the lost one. */
  salvage(): Promise<void>;
  /** The person has read the news that the status carries. */
  dismissNews(): Promise<void>;
  /** Facts for whoever is asked to help, without texts, titles and names. */
  diagnostics(): Promise<string>;
  /** The system's folder chooser; null where there is none or the person closed it. */
  chooseFolder(): Promise<string | null>;
  documents(): Promise<DocumentInfo[]>;
  createDocument(title: string): Promise<DocumentInfo>;
  renameDocument(document: string, title: string): Promise<void>;
  trashDocument(document: string): Promise<void>;
  restoreDocument(document: string): Promise<void>;
  openDocument(document: string): Promise<Opened>;
  closeDocument(document: string): Promise<void>;
  /** Resolves when the edit is durable on this device. */
  edit(edit: Edit): Promise<void>;
  /** Takes back what the writer did last, or does it again. That it is durable, the answer to the next edit says. */
  undo(undo: Undo): Promise<Undone>;
  nextPatch(document: string, patch: number, counter: number): Promise<Patch | null>;
  /** Where this window's person is, in a document that it has open. */
  present(document: string, selection: Selection): Promise<void>;
  /** Who else is in a document; with the places in this one, where it stands after this patch and this edit. */
  presences(document: string, patch: number, counter: number): Promise<Present[]>;
  /** Whether others may see where this person is. */
  sharePresence(shared: boolean): Promise<void>;
  status(): Promise<Status>;
  /** How the workspace and its shared folder stand. */
  health(): Promise<Health>;
  /** Looks through the shared folder now; resolves when that is done. */
  lookAgain(): Promise<void>;
  /** Stops reading the shared folder; what has come in stays. */
  stopReading(): Promise<void>;
  goOnReading(): Promise<void>;
  openLink(url: string): Promise<void>;
  /** Keeps an image or a file; resolves when it is durable on this device. */
  addBlob(content: Blob): Promise<BlobInfo>;
  /** Where an image or a file is. One that isn't here is looked for, and an event says what came of it. */
  blob(hash: string): Promise<BlobState>;
  /** Brings what was pasted along from another workspace of this device: its hash here, or null where nothing was brought. */
  bringBlob(hash: string): Promise<string | null>;
  /** The address at which an image that is here is shown. */
  imageAddress(hash: string): string;
  /** Saves an image or a file where the person says; false where that was nowhere. */
  saveBlob(hash: string, name: string): Promise<boolean>;
  /** Calls `listener` for each event until the returned function is called. */
  listen(listener: (event: Event) => void): Promise<() => void>;
  /** Keeps the window from closing, asking `leave` first, until the returned function is called. */
  holdWindow(leave: () => Promise<boolean>): Promise<() => void>;
}

/** What a rejected call carries, whatever was thrown. */
export function failureOf(error: unknown): Failure {
  if (typeof error === "object" && error !== null && "code" in error && "message" in error) {
    return { code: String(error.code), message: String(error.message) };
  }
  return { code: "unknown", message: error instanceof Error ? error.message : String(error) };
}
