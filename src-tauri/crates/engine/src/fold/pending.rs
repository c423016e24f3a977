//! Text that is folded and not on the page yet. Most typing goes on where the last key was, and most deleting takes back what
//! was just typed; both cost nothing here, and the page gets what they come to.

use smallvec::SmallVec;

use super::linear;
use crate::event::{Event, Insertion};
use crate::history::Id;
use crate::page::Page;

#[derive(Debug, Clone, Default)]
pub(super) struct Pending {
    /// Where it comes in.
    at: u32,
    text: String,
    /// Its elements: runs by their first and their number.
    runs: SmallVec<[(Id, u32); 4]>,
    len: u32,
}

impl Pending {
    /// Takes an event of somebody who knows everything, whose first is `id`: keeps it for later, or does it to the page.
    pub fn event(&mut self, page: &mut Page, id: Id, count: u32, event: &Event) -> bool {
        match event {
            Event::Insert { at, what: Insertion::Text(text) } => {
                let at = u32::try_from(*at).unwrap_or(u32::MAX);
                if self.len == 0 || at != self.at + self.len {
                    self.draw(page);
                    self.at = at.min(page.len());
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
                if count <= self.len && last == u64::from(self.at + self.len) {
                    self.take_back(count);
                } else {
                    self.draw(page);
                    linear::delete(page, *at, *len, *backward);
                }
            }
            _ => {
                self.draw(page);
                return false;
            }
        }
        true
    }

    /// Puts it on the page.
    pub fn draw(&mut self, page: &mut Page) {
        if self.len > 0 {
            page.insert_runs(self.at, &self.runs, &self.text);
            self.text.clear();
            self.runs.clear();
            self.len = 0;
        }
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
