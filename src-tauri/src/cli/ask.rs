//! What writes: done here where nothing else runs on the data, else handed to the process that does.

use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use inkfold_session::socket::{self, Response, SocketError};
use inkfold_session::wire::{Failure, FolderTrouble, Whereabouts};
use inkfold_session::{Answer, MAX_TEXT, Request, Session, SessionError};

use super::output::{self, Printer};
use super::{Trouble, trouble};

/// How long another process may hold the data without answering. A command like this one takes a moment, or as long
/// as it waits for a folder.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before trying again.
const PAUSE: Duration = Duration::from_millis(20);

/// Has a request done, by whoever can.
pub fn session(data: &Path, request: &Request) -> Result<Answer, Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        match Session::open(data) {
            Ok(session) => return here(&session, request).map_err(|error| error.failure()),
            Err(SessionError::AlreadyRunning) => {}
            Err(error) => return Err(error.failure()),
        }
        match socket::hand_over(data, request) {
            Ok(Response::Answer(answer)) => return Ok(answer),
            Ok(Response::Failure(failure)) => return Err(failure),
            // It is just starting or ending, or is a command like this one.
            Err(SocketError::Nobody) if Instant::now() < end => thread::sleep(PAUSE),
            Err(SocketError::Nobody) => return Err(SessionError::AlreadyRunning.failure()),
            Err(error) => return Err(error.failure()),
        }
    }
}

fn here(session: &Session, request: &Request) -> Result<Answer, SessionError> {
    let runtime = runtime()?;
    let answer = runtime.block_on(session.perform(request.clone()))?;
    // Where a window shows them, it is there that they are read.
    answer.news.iter().for_each(|news| output::message(&output::news(news)));
    Ok(answer)
}

/// What a session's work is awaited in.
pub fn runtime() -> Result<tokio::runtime::Runtime, SessionError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| SessionError::Files { path: "a thread of this process".into(), source })
}

/// The text to write, as it was given or as it comes on standard input.
pub fn text(given: String) -> Result<String, Trouble> {
    if given != "-" {
        return Ok(given);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| trouble("input", format!("standard input could not be read: {error}")))?;
    if bytes.len() > MAX_TEXT {
        return Err(SessionError::TooLong(MAX_TEXT).into());
    }
    let text = String::from_utf8(bytes).map_err(|_| trouble("input", "standard input is not UTF-8 text"))?;
    // A file's last line feed ends its last line; it doesn't begin another.
    let text = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text)).unwrap_or(&text);
    Ok(text.to_owned())
}

/// Says so where what was written isn't in the folder.
pub fn warn(answer: &Answer) {
    if let Some(reason) = unpublished(answer) {
        output::message(&format!("it is stored on this device and not in the folder yet: {reason}"));
    }
}

/// Says how a workspace stands after a scan; a failure where something keeps it from the folder.
pub fn synced(answer: &Answer, printer: &Printer) -> Result<(), Trouble> {
    if !answer.shared {
        return Err(trouble("no-folder", "this workspace has no shared folder, so there is nothing to sync it with"));
    }
    if let Some(status) = &answer.status {
        printer.status(status)?;
    }
    match unpublished(answer) {
        Some(reason) => Err(trouble("not-synced", reason)),
        None => Ok(()),
    }
}

/// Why something isn't in the folder, where there is one.
fn unpublished(answer: &Answer) -> Option<String> {
    let status = answer.status.as_ref().filter(|_| answer.shared)?;
    match status.trouble {
        // The folder of more than one workspace is used all the same.
        Some(FolderTrouble::SeveralWorkspaces) | None if status.words == Whereabouts::InTheFolder => None,
        Some(trouble) => Some(output::folder_trouble(trouble).into()),
        None => Some("the folder takes it later; run “inkfold sync” then".into()),
    }
}
