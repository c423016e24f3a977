//! What the person has to be told once: kept in the store until it is dismissed, since nobody may be looking when it happens.

use inkfold_store::{Batch, Storage};

use crate::error::SessionError;
use crate::session::Session;
use crate::wire;
use crate::workspace::{Workspace, setting};

/// What wasn't dismissed yet.
#[derive(Debug, Default)]
pub(crate) struct News {
    all: Vec<wire::News>,
    /// How many of them are from earlier runs.
    old: usize,
}

impl News {
    /// What earlier runs have left; of this run where the store was only begun in it.
    pub fn read(store: &dyn Storage, is_new: bool) -> Result<News, SessionError> {
        // What can't be read was written by another version; it is no reason to fail.
        let bytes = store.setting(setting::NEWS)?.unwrap_or_default();
        let all: Vec<wire::News> = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(News { old: if is_new { 0 } else { all.len() }, all })
    }

    /// All of it.
    pub fn all(&self) -> &[wire::News] {
        &self.all
    }

    /// What this run has added.
    pub fn fresh(&self) -> &[wire::News] {
        &self.all[self.old..]
    }

    /// Keeps something to be told; once, however often it happens.
    pub fn add(&mut self, store: &mut dyn Storage, news: wire::News) -> Result<(), SessionError> {
        self.old -= usize::from(self.all[..self.old].contains(&news));
        self.all.retain(|other| *other != news);
        self.all.push(news);
        self.keep(store)
    }

    /// The person has read it.
    pub fn clear(&mut self, store: &mut dyn Storage) -> Result<(), SessionError> {
        *self = News::default();
        self.keep(store)
    }

    fn keep(&self, store: &mut dyn Storage) -> Result<(), SessionError> {
        store.commit(&Batch { settings: vec![setting_of(&self.all)], ..Batch::default() })?;
        Ok(())
    }
}

/// News as a setting.
pub(crate) fn setting_of(all: &[wire::News]) -> (String, Option<Vec<u8>>) {
    let bytes = serde_json::to_vec(all).expect("texts and numbers always make JSON");
    (setting::NEWS.into(), (!all.is_empty()).then_some(bytes))
}

impl Session {
    /// What the person has to be told because of this run.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn fresh_news(&self) -> Result<Vec<wire::News>, SessionError> {
        self.handle()?.ask(|workspace| Ok(workspace.news.fresh().to_vec())).await
    }

    /// The person has read the news.
    ///
    /// # Errors
    /// It can't be stored.
    pub async fn dismiss_news(&self) -> Result<(), SessionError> {
        let dismiss = |workspace: &mut Workspace| {
            workspace.news.clear(&mut *workspace.store)?;
            workspace.tell_status();
            Ok(())
        };
        self.handle()?.ask(dismiss).await
    }
}
