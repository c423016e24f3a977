/** The app itself: each call is a command of the shell, each event comes from it. */

import { convertFileSrc, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWindow } from "@tauri-apps/api/window";

import type { BlobInfo } from "../bindings/BlobInfo";
import type { Event } from "../bindings/Event";
import type { Host } from "./host";

/** So much of a file is in memory at a time. */
const PIECE = 1 << 20;

async function addBlob(content: Blob): Promise<BlobInfo> {
  const upload = await invoke<number>("begin_blob");
  for (let start = 0; start < content.size; start += PIECE) {
    const piece = new Uint8Array(await content.slice(start, start + PIECE).arrayBuffer());
    await invoke("append_blob", piece, { headers: { upload: String(upload) } });
  }
  return invoke("finish_blob", { upload });
}

export function tauriHost(): Host {
  return {
    start: () => invoke("start"),
    createWorkspace: (name, person, folder) => invoke("create_workspace", { name, person, folder }),
    joinWorkspace: (folder, person) => invoke("join_workspace", { folder, person }),
    openWorkspace: (workspace) => invoke("open_workspace", { workspace }),
    useFolder: (folder) => invoke("use_folder", { folder }),
    leaveFolder: () => invoke("leave_folder"),
    neighbours: () => invoke("neighbours"),
    joinNeighbour: (workspace) => invoke("join_neighbour", { workspace }),
    takeOutNeighbour: (workspace) => invoke("take_out_neighbour", { workspace }),
    salvage: () => invoke("salvage"),
    dismissNews: () => invoke("dismiss_news"),
    diagnostics: () => invoke("diagnostics"),
    chooseFolder: () => invoke("choose_folder"),
    documents: () => invoke("documents"),
    createDocument: (title) => invoke("create_document", { title }),
    renameDocument: (document, title) => invoke("rename_document", { document, title }),
    trashDocument: (document) => invoke("trash_document", { document }),
    restoreDocument: (document) => invoke("restore_document", { document }),
    openDocument: (document) => invoke("open_document", { document }),
    closeDocument: (document) => invoke("close_document", { document }),
    edit: (edit) => invoke("edit", { edit }),
    undo: (undo) => invoke("undo", { undo }),
    nextPatch: (document, patch, counter) => invoke("next_patch", { document, patch, counter }),
    present: (document, selection) => invoke("present", { document, selection }),
    presences: (document, patch, counter) => invoke("presences", { document, patch, counter }),
    sharePresence: (shared) => invoke("share_presence", { shared }),
    status: () => invoke("status"),
    health: () => invoke("health"),
    lookAgain: () => invoke("look_again"),
    stopReading: () => invoke("stop_reading"),
    goOnReading: () => invoke("go_on_reading"),
    openLink: (url) => invoke("open_link", { url }),
    addBlob,
    blob: (hash) => invoke("blob", { hash }),
    bringBlob: (hash) => invoke("bring_blob", { hash }),
    imageAddress: (hash) => convertFileSrc(hash, "inkfold-image"),
    saveBlob: (hash, name) => invoke("save_blob", { hash, name }),
    listen: (listener) => listen<Event>("inkfold", (message) => listener(message.payload)),
    holdWindow: (leave) =>
      getCurrentWindow().onCloseRequested(async (request) => {
        if (!(await leave())) request.preventDefault();
      }),
  };
}
