//! `sync --watch`: a session without a window, until it is interrupted.

use std::collections::BTreeMap;
use std::path::Path;

use inkfold_session::socket::Server;
use inkfold_session::wire::{DocumentInfo, Event, Status};
use inkfold_session::{Session, SessionError};
use tokio::sync::broadcast::error::RecvError;

use super::ask::runtime;
use super::output::{self, Printer, json_line};
use super::show::document_line;
use super::{Trouble, trouble};

/// Keeps a workspace and its folder in step, and prints what changes.
pub fn run(data: &Path, wanted: Option<&str>, printer: &Printer) -> Result<(), Trouble> {
    let session = Session::open(data).map_err(|error| match error {
        SessionError::AlreadyRunning => {
            trouble(error.code(), "Inkfold is running on the same data, and keeps it in step by itself")
        }
        error => error.into(),
    })?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| trouble("signals", error.to_string()))?;
        let mut events = session.events();
        session.choose_workspace(wanted).await?;
        if !session.is_shared() {
            return Err(trouble(
                "no-folder",
                "this workspace has no shared folder, so there is nothing to sync it with",
            ));
        }
        // Without a socket other commands are told to wait; everything else works.
        let server = Server::start(session.clone(), |_| false);
        if let Err(error) = &server {
            output::message(&error.to_string());
        }
        let watched = watch(&session, &mut events, &mut signals, printer).await;
        // Off this thread: what other commands have begun may need it to come to its end.
        let _ = tokio::task::spawn_blocking(move || drop(server)).await;
        session.close().await?;
        watched
    })
}

async fn watch(
    session: &Session,
    events: &mut tokio::sync::broadcast::Receiver<Event>,
    signals: &mut Signals,
    printer: &Printer,
) -> Result<(), Trouble> {
    let mut known = Known::default();
    known.documents(session.documents().await?);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = signals.came() => return Ok(()),
        };
        let news = match event {
            Ok(Event::Documents { documents }) => known.documents(documents),
            Ok(Event::Status { status }) => known.status(status),
            // For windows only.
            Ok(
                Event::Newer { .. }
                | Event::Turns { .. }
                | Event::Presences { .. }
                | Event::Blob { .. }
                | Event::Workspace { .. },
            ) => continue,
            // Something was missed, so everything is looked at.
            Err(RecvError::Lagged(_)) => {
                let mut news = known.documents(session.documents().await?);
                news.extend(known.status(session.status().await?));
                news
            }
            Err(RecvError::Closed) => return Ok(()),
        };
        for event in news {
            let line = match &event {
                _ if printer.is_json() => json_line(&event)?,
                News::Document { document } => document_line(document),
                News::Status { status } => output::status_line(status),
            };
            if !printer.try_text(&line)? {
                return Ok(());
            }
        }
    }
}

/// What is printed.
#[derive(serde::Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum News {
    Document { document: DocumentInfo },
    Status { status: Status },
}

/// What was printed last.
#[derive(Default)]
struct Known {
    documents: BTreeMap<String, DocumentInfo>,
    status: Option<Status>,
}

impl Known {
    fn documents(&mut self, list: Vec<DocumentInfo>) -> Vec<News> {
        let mut news = Vec::new();
        for document in list {
            let last = self.documents.insert(document.id.clone(), document.clone());
            if last.as_ref() != Some(&document) {
                news.push(News::Document { document });
            }
        }
        news
    }

    fn status(&mut self, status: Status) -> Vec<News> {
        if self.status.as_ref() == Some(&status) {
            return Vec::new();
        }
        self.status = Some(status.clone());
        vec![News::Status { status }]
    }
}

/// Who wants this process to end.
#[cfg(unix)]
struct Signals {
    end: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on a signal is a wish and no longer a blow.
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { end: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn came(&mut self) {
        tokio::select! {
            _ = self.end.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Signals(tokio::signal::windows::ctrl_c()?))
    }

    async fn came(&mut self) {
        self.0.recv().await;
    }
}
