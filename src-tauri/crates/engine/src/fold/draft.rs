//! A page, and text that is folded and not on it yet. Most typing goes on where the last key was, and most deleting takes back
//! what was just typed; both cost nothing here. The page gets what they come to when somebody looks at it.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::linear;
use crate::event::{Event, Insertion};
use crate::history::Id;
use crate::page::Page;

#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    /// Without the text.
    page: Page,
    /// Where the text comes in.
    at: u32,
    text: String,
    /// Its elements: runs by their first and their number.
    runs: SmallVec<[(Id, u32); 4]>,
    len: u32,
    /// The page with the text, once somebody has looked.
    shown: OnceLock<Page>,
}

impl Draft {
    pub fn new(page: Page) -> Self {
        Draft { page, ..Draft::default() }
    }

    /// The page with everything on it.
    pub fn page(&self) -> &Page {
        if self.len == 0 {
            return &self.page;
        }
        self.shown.get_or_init(|| {
            let mut page = self.page.clone();
            page.insert_runs(self.at, &self.runs, &self.text);
            page
        })
    }

    /// The page with everything on it, to be changed.
    pub fn page_mut(&mut self) -> &mut Page {
        self.draw();
        &mut self.page
    }

    /// Takes a run of somebody who knows everything, whose first event is `id`, if it is one of characters.
    pub fn event(&mut self, id: Id, count: u32, event: &Event) -> bool {
        match event {
            Event::Insert { at, what: Insertion::Text(text) } => {
                let at = u32::try_from(*at).unwrap_or(u32::MAX);
                if self.len == 0 || at != self.at + self.len || self.shown.get().is_some() {
                    self.at = at.min(self.page_mut().len());
                }
                self.text.push_str(text);
                match self.runs.last_mut() {
                    Some(last) if last.0 + Id::from(last.1) == id => last.1 += count,
                    _ => self.runs.push((id, count)),
                }
                self.len += count;
            }
            Event::Delete { at, len, backward } => {
                let last = if *backward { *at } else { at.saturating_add(len - 1) };
                let is_last = count <= self.len && last == u64::from(self.at + self.len);
                if is_last && self.shown.get().is_none() {
                    self.take_back(count);
                } else {
                    linear::delete(self.page_mut(), *at, *len, *backward);
                }
            }
            _ => return false,
        }
        true
    }

    /// Puts the text on the page.
    fn draw(&mut self) {
        if self.len == 0 {
            return;
        }
        match self.shown.take() {
            Some(page) => self.page = page,
            None => self.page.insert_runs(self.at, &self.runs, &self.text),
        }
        self.text.clear();
        self.runs.clear();
        self.len = 0;
    }

    /// The last characters go.
    fn take_back(&mut self, count: u32) {
        let bytes: usize = self.text.chars().rev().take(count as usize).map(char::len_utf8).sum();
        self.text.truncate(self.text.len() - bytes);
        self.len -= count;
        let mut left = count;
        while let Some(last) = self.runs.last_mut().filter(|_| left > 0) {
            let taken = left.min(last.1);
            last.1 -= taken;
            left -= taken;
            if last.1 == 0 {
                self.runs.pop();
            }
        }
    }
}
