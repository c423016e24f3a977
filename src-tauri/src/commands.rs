//! The commands that the page can call. Their names and arguments are the contract with `ui/src/host`; their
//! results are the session's wire types. Each hands its words on and keeps nothing.
//!
//! A new command is also named in `permissions/commands.toml`, or the page is refused.

use std::path::PathBuf;

use inkfold_session::wire::{
    BlobInfo, BlobState, DocumentInfo, Edit, Failure, Health, Neighbour, Opened, Patch, Present, Selection, Start,
    Status, Undo, Undone, WorkspaceInfo,
};
use tauri::ipc::{InvokeBody, Request};
use tauri::{AppHandle, Runtime, State, WebviewWindow};
use tauri_plugin_dialog::DialogExt;
use tokio::sync::oneshot;

use crate::{images, link, log};
use inkfold_session::{Session, SessionError};

type Answer<T> = Result<T, Failure>;

/// The session's error as the page sees it.
fn failure(error: SessionError) -> Failure {
    error.failure()
}

/// What the window needs to know first.
#[tauri::command]
pub async fn start(session: State<'_, Session>) -> Answer<Start> {
    session.start().await.map_err(failure)
}

/// Makes a workspace, on this machine only or in a folder.
#[tauri::command]
pub async fn create_workspace(
    session: State<'_, Session>,
    name: String,
    person: String,
    folder: Option<PathBuf>,
) -> Answer<WorkspaceInfo> {
    session.create_workspace(name, person, folder).await.map_err(failure)
}

/// Joins the workspace that a folder holds.
#[tauri::command]
pub async fn join_workspace(session: State<'_, Session>, folder: PathBuf, person: String) -> Answer<WorkspaceInfo> {
    session.join_workspace(folder, person).await.map_err(failure)
}

/// Shows another workspace.
#[tauri::command]
pub async fn open_workspace(session: State<'_, Session>, workspace: String) -> Answer<Start> {
    session.open_workspace(workspace).await.map_err(failure)
}

/// Asks for a folder with the system's own chooser; null where the writer changed his mind. The shell asks, so
/// that the page needs no right to the file system.
#[tauri::command]
pub async fn choose_folder<R: Runtime>(app: AppHandle<R>, window: WebviewWindow<R>) -> Answer<Option<String>> {
    let (answer, chosen) = oneshot::channel();
    app.dialog().file().set_parent(&window).pick_folder(move |folder| {
        // The other end is gone only if the window is, and then nobody wants the answer.
        let _ = answer.send(folder);
    });
    let Ok(Some(folder)) = chosen.await else { return Ok(None) };
    let named = folder.into_path().ok().and_then(|path| path.into_os_string().into_string().ok());
    named.map(Some).ok_or_else(|| Failure {
        code: "folder-name".into(),
        message: "This folder's name holds characters that can't be shown. Choose or make another one.".into(),
    })
}

/// The workspace's documents, newest first.
#[tauri::command]
pub async fn documents(session: State<'_, Session>) -> Answer<Vec<DocumentInfo>> {
    session.documents().await.map_err(failure)
}

/// Makes a document.
#[tauri::command]
pub async fn create_document(session: State<'_, Session>, title: String) -> Answer<DocumentInfo> {
    session.create_document(title).await.map_err(failure)
}

/// Gives a document a title.
#[tauri::command]
pub async fn rename_document(session: State<'_, Session>, document: String, title: String) -> Answer<()> {
    session.rename_document(document, title).await.map_err(failure)
}

/// Puts a document into the trash.
#[tauri::command]
pub async fn trash_document(session: State<'_, Session>, document: String) -> Answer<()> {
    session.set_trashed(document, true).await.map_err(failure)
}

/// Takes a document out of the trash.
#[tauri::command]
pub async fn restore_document(session: State<'_, Session>, document: String) -> Answer<()> {
    session.set_trashed(document, false).await.map_err(failure)
}

/// Opens a document for writing.
#[tauri::command]
pub async fn open_document(session: State<'_, Session>, document: String) -> Answer<Opened> {
    session.open_document(document).await.map_err(failure)
}

/// Ends the writing in a document.
#[tauri::command]
pub async fn close_document(session: State<'_, Session>, document: String) -> Answer<()> {
    session.close_document(document).await.map_err(failure)
}

/// Takes what the writer did; answers when it is stored durably on this device.
#[tauri::command]
pub async fn edit(session: State<'_, Session>, edit: Edit) -> Answer<()> {
    session.edit(edit).await.map_err(failure)
}

/// Takes back what the writer did last, or does it again.
#[tauri::command]
pub async fn undo(session: State<'_, Session>, undo: Undo) -> Answer<Undone> {
    session.undo(undo).await.map_err(failure)
}

/// What others did since the editor's last patch; null where there is nothing new.
#[tauri::command]
pub async fn next_patch(
    session: State<'_, Session>,
    document: String,
    patch: u32,
    counter: u32,
) -> Answer<Option<Patch>> {
    session.next_patch(document, patch, counter).await.map_err(failure)
}

/// Where the person at this window is.
#[tauri::command]
pub async fn present(session: State<'_, Session>, document: String, selection: Selection) -> Answer<()> {
    session.present(document, selection).await.map_err(failure)
}

/// Who else is where at the moment, with places in the document that this window shows.
#[tauri::command]
pub async fn presences(
    session: State<'_, Session>,
    document: String,
    patch: u32,
    counter: u32,
) -> Answer<Vec<Present>> {
    session.presences(document, patch, counter).await.map_err(failure)
}

/// Whether others may see where the person here is.
#[tauri::command]
pub async fn share_presence(session: State<'_, Session>, shared: bool) -> Answer<()> {
    session.share_presence(shared).await.map_err(failure)
}

/// Shares the workspace through a folder, or moves it to another one.
#[tauri::command]
pub async fn use_folder(session: State<'_, Session>, folder: PathBuf) -> Answer<WorkspaceInfo> {
    session.use_folder(folder).await.map_err(failure)
}

/// Takes the workspace out of its folder.
#[tauri::command]
pub async fn leave_folder(session: State<'_, Session>) -> Answer<WorkspaceInfo> {
    session.leave_folder().await.map_err(failure)
}

/// The other workspaces in the shared folder.
#[tauri::command]
pub async fn neighbours(session: State<'_, Session>) -> Answer<Vec<Neighbour>> {
    session.neighbours().await.map_err(failure)
}

/// Joins another workspace of the shared folder, with copies of the documents of the one that is shown.
#[tauri::command]
pub async fn join_neighbour(session: State<'_, Session>, workspace: String) -> Answer<WorkspaceInfo> {
    session.join_neighbour(workspace).await.map_err(failure)
}

/// Takes the file of a workspace of one's own out of the shared folder.
#[tauri::command]
pub async fn take_out_neighbour(session: State<'_, Session>, workspace: String) -> Answer<()> {
    session.take_out_neighbour(workspace).await.map_err(failure)
}

/// Brings an image or a file along that was pasted from another workspace of this device; its hash here.
#[tauri::command]
pub async fn bring_blob(session: State<'_, Session>, hash: String) -> Answer<Option<String>> {
    session.bring_blob(hash).await.map_err(failure)
}

/// Begins a new database for the workspace that was shown last and whose own is lost.
#[tauri::command]
pub async fn salvage(session: State<'_, Session>) -> Answer<()> {
    session.salvage(None).await.map_err(failure)
}

/// The person has read the news.
#[tauri::command]
pub async fn dismiss_news(session: State<'_, Session>) -> Answer<()> {
    session.dismiss_news().await.map_err(failure)
}

/// What somebody who is to help needs to know.
#[tauri::command]
pub async fn diagnostics(session: State<'_, Session>) -> Answer<String> {
    let (version, os, machine) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let (facts, tail) = (session.diagnostics().await, log::tail(session.data()));
    Ok(format!("Inkfold {version}, {os} {machine}\n{facts}\n{tail}"))
}

/// The status line's facts.
#[tauri::command]
pub async fn status(session: State<'_, Session>) -> Answer<Status> {
    session.status().await.map_err(failure)
}

/// How the workspace and its shared folder stand.
#[tauri::command]
pub async fn health(session: State<'_, Session>) -> Answer<Health> {
    session.health().await.map_err(failure)
}

/// Looks through the shared folder now.
#[tauri::command]
pub async fn look_again(session: State<'_, Session>) -> Answer<()> {
    session.sync().await.map_err(failure)
}

/// Stops reading the shared folder.
#[tauri::command]
pub async fn stop_reading(session: State<'_, Session>) -> Answer<()> {
    session.stop_reading().await.map_err(failure)
}

/// Lets reading the shared folder go on.
#[tauri::command]
pub async fn go_on_reading(session: State<'_, Session>) -> Answer<()> {
    session.go_on_reading().await.map_err(failure)
}

/// Begins to take an image or a file from the page, piece by piece; the number that the pieces carry.
#[tauri::command]
pub async fn begin_blob(session: State<'_, Session>) -> Answer<u32> {
    session.begin_blob().await.map_err(failure)
}

/// Takes the next piece: the bytes as the request's body, the number in its header `upload`.
#[tauri::command]
pub async fn append_blob(session: State<'_, Session>, request: Request<'_>) -> Answer<()> {
    let refused = || Failure { code: "piece".into(), message: "The page sent a piece that is none.".into() };
    let number = request.headers().get("upload").and_then(|number| number.to_str().ok()?.parse().ok());
    let piece = match request.body() {
        InvokeBody::Raw(bytes) => bytes.clone(),
        // Where the webview has no way for bytes they come as numbers.
        InvokeBody::Json(numbers) => serde_json::from_value(numbers.clone()).map_err(|_| refused())?,
    };
    session.append_blob(number.ok_or_else(refused)?, piece).await.map_err(failure)
}

/// Keeps what was handed over, durably.
#[tauri::command]
pub async fn finish_blob(session: State<'_, Session>, upload: u32) -> Answer<BlobInfo> {
    session.finish_blob(upload).await.map_err(failure)
}

/// Where an image or a file is; one that isn't here is looked for.
#[tauri::command]
pub async fn blob(session: State<'_, Session>, hash: String) -> Answer<BlobState> {
    session.blob(hash).await.map_err(failure)
}

/// Saves an image or a file where the writer says; false where he changed his mind.
#[tauri::command]
pub async fn save_blob<R: Runtime>(
    app: AppHandle<R>,
    window: WebviewWindow<R>,
    session: State<'_, Session>,
    hash: String,
    name: String,
) -> Answer<bool> {
    let (answer, chosen) = oneshot::channel();
    app.dialog().file().set_parent(&window).set_file_name(images::file_name(&name)).save_file(move |file| {
        // The other end is gone only if the window is, and then nobody wants the answer.
        let _ = answer.send(file);
    });
    let Ok(Some(file)) = chosen.await else { return Ok(false) };
    let path = file.into_path().map_err(|error| Failure { code: "files".into(), message: error.to_string() })?;
    session.save_blob(hash, path).await.map_err(failure)?;
    Ok(true)
}

/// Opens a link of a document with the system's program for it.
#[tauri::command]
pub async fn open_link(url: String) -> Answer<()> {
    link::open(&url)
}
