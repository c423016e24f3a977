//! Finding elements of a page by what they are instead of by where they stand.

use std::sync::OnceLock;

use super::Page;
use crate::history::Id;

/// A page with an index of its elements, made when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    page: Page,
    /// Runs of elements in the order of their ids: the first one, how many, and the position of the first.
    runs: OnceLock<Vec<(Id, u32, u32)>>,
}

impl Lookup {
    pub fn new(page: Page) -> Self {
        Lookup { page, runs: OnceLock::new() }
    }

    /// The position of an element, from 1, and how many of its run follow it, itself among them.
    pub fn find(&self, id: Id) -> Option<(u32, u32)> {
        let runs = self.runs.get_or_init(|| {
            let mut at = 1;
            let mut runs: Vec<(Id, u32, u32)> = Vec::new();
            for piece in self.page.pieces(1, self.page.len()) {
                runs.push((piece.id, piece.len, at));
                at += piece.len;
            }
            runs.sort_unstable();
            runs
        });
        let &(first, len, at) = runs[..runs.partition_point(|run| run.0 <= id)].last()?;
        let passed = u32::try_from(id - first).ok().filter(|&passed| passed < len)?;
        Some((at + passed, len - passed))
    }

    /// The text of elements that follow each other by their ids; what isn't on the page is left out.
    pub fn text_of(&self, id: Id, len: u32) -> String {
        let mut text = String::new();
        let (mut id, end) = (id, id + Id::from(len));
        while id < end {
            let Some((at, run)) = self.find(id) else {
                id += 1;
                continue;
            };
            let here = run.min((end - id) as u32);
            text.extend(self.page.pieces(at, at + here - 1).map(|piece| piece.text));
            id += Id::from(here);
        }
        text
    }
}
