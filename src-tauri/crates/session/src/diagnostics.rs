//! What somebody who is to help needs to know: counts, states and codes. Never a text, a title, a name or a path.

use std::fmt::Write as _;

use inkfold_store::SqliteStore;

use crate::error::SessionError;
use crate::session::Session;
use crate::wire::News;
use crate::workspace::Workspace;

impl Session {
    /// How this installation stands, a fact a line.
    pub async fn diagnostics(&self) -> String {
        let count = self.workspaces().map_or(0, |all| all.len());
        let mut text = format!("SQLite {}\nworkspaces: {count}\n", SqliteStore::engine_version());
        let shown = match self.handle() {
            Ok(handle) => handle.ask(|workspace| workspace.diagnostics()).await,
            Err(error) => Err(error),
        };
        match shown {
            Ok(shown) => text.push_str(&shown),
            Err(error) => text.push_str(&format!("the workspace can't be looked at: {}\n", error.code())),
        }
        text
    }
}

impl Workspace {
    fn diagnostics(&mut self) -> Result<String, SessionError> {
        let (counts, status) = (self.store.counts()?, self.status());
        let mut forks = 0;
        let replicas = self.store.replicas()?;
        for replica in &replicas {
            forks += usize::from(self.store.first_fork(replica)?.is_some());
        }
        let rows = [
            ("records", counts.records),
            ("records that wait", counts.loose),
            ("events of the open record", counts.open_events),
            ("documents", self.store.documents()?.len() as u64),
            ("replicas", replicas.len() as u64),
            ("forked replicas", forks as u64),
            ("own ids", self.own.len() as u64),
            ("files to publish", counts.outbox),
            ("their bytes", counts.outbox_bytes),
            ("files that wait", status.pending.into()),
            ("files refused", status.refused.into()),
        ];
        let mut text = String::new();
        for (what, count) in rows {
            // Writing to a text can't fail.
            let _ = writeln!(text, "{what}: {count}");
        }
        let folder = if self.exchange.carrier.is_some() { "yes" } else { "no" };
        let _ = writeln!(text, "shared folder: {folder}, trouble: {:?}", status.trouble);
        let _ = writeln!(text, "words: {:?}", status.words);
        for news in &status.news {
            let _ = match news {
                News::NewIdentity => writeln!(text, "news: new identity"),
                News::Rebuilt { aside, records } => {
                    writeln!(text, "news: rebuilt, set aside: {}, records read: {records}", aside.is_some())
                }
            };
        }
        Ok(text)
    }
}
