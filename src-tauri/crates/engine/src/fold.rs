//! Folding entries into a page, one after another.
//!
//! An entry that knows everything before it is an edit of the page as it stands. Only for one that doesn't, a tracker
//! is needed (`walk`); it begins at a critical version, which every later entry follows, and needs nothing from before.
//! What is folded into the page alone is made up in the tracker when it is needed next.

mod draft;
pub(crate) mod linear;
mod places;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Event, Value};
use crate::history::{Entries, EntryIx, History, Id, raise_heads};
use crate::page::Page;
use crate::page::lookup::Lookup;
use crate::walk::{RegisterKey, Window};
use draft::Draft;

/// The registers that belong to no marker, as far as they hold a value.
pub(crate) type Registers = Arc<BTreeMap<RegisterKey, Value>>;

/// After so many events the page is kept for a tracker to begin with.
const SAVE_EVERY: u64 = 256;
/// So many pages are kept, the older the further apart.
const SAVES: usize = 32;
/// A tracker with more spans is given up as soon as there is a later version to begin with.
const LARGE: usize = 1 << 16;
/// So many events are made up in a tracker rather than beginning a new one.
const CATCH_UP: u32 = 4096;

/// What the first entries of a history come to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Save {
    /// How many entries.
    pub count: EntryIx,
    pub page: Page,
    pub registers: Registers,
    /// The page that a snapshot gave, for the text of elements whose events aren't loaded.
    pub origin: Arc<Lookup>,
}

/// What the entries folded so far come to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fold {
    draft: Draft,
    pub registers: Registers,
    /// How many entries are wholly folded, and how many events of the next one.
    count: EntryIx,
    done: u32,
    heads: Entries,
    /// Whether the entry that is being folded knows everything before it.
    knows_all: bool,
    /// Pages at critical versions, ascending; the first stands for what isn't loaded.
    saves: Vec<Save>,
    since_save: u32,
    /// How many events of those that came at once are still to be folded.
    coming: u64,
    /// What the history said of its critical versions when the pages were looked through last.
    struck_out: u64,
    /// A page is kept at every critical version, and a tracker begins at the last one that it can.
    pub saves_often: bool,
    window: Option<Box<Window>>,
}

impl Fold {
    /// Begins with what the history's snapshot shows, if it has one.
    pub fn new(history: &History, page: Page, registers: Registers) -> Self {
        let count = u32::from(history.past.is_some());
        let origin = Arc::new(Lookup::new(page.clone()));
        let save = Save { count, page: page.clone(), registers: registers.clone(), origin };
        let heads = (0..count).collect();
        Fold { draft: Draft::new(page), registers, count, heads, saves: vec![save], ..Fold::default() }
    }

    /// The page at the version of everything folded.
    pub fn page(&self) -> &Page {
        self.draft.page()
    }

    /// Begins again where this one began.
    pub fn again(&self, history: &History) -> Self {
        let Save { page, registers, .. } = self.saves[0].clone();
        Fold { saves_often: self.saves_often, ..Fold::new(history, page, registers) }
    }

    /// The same fold of a history whose past was loaded: `loaded` entries in place of the one that stood for it. Nothing is
    /// folded again before somebody needs it.
    pub fn with_past(&self, history: &History, loaded: EntryIx) -> Self {
        let shifted = |count: EntryIx| count - 1 + loaded;
        let start = Save::default();
        let later = self.saves.iter().map(|save| Save {
            count: shifted(save.count),
            origin: Arc::clone(&start.origin),
            ..save.clone()
        });
        let count = shifted(self.count);
        let heads = history.heads_of_first(count);
        let saves = std::iter::once(start.clone()).chain(later).collect();
        let (page, registers) = (self.page().clone(), Arc::clone(&self.registers));
        let draft = Draft::new(page);
        Fold { draft, registers, count, heads, saves, since_save: self.since_save, ..Fold::default() }
    }

    /// Begins with the latest page that another fold kept of at most `shared` entries, which are the first of this history, too.
    pub fn resumed(&self, history: &History, shared: EntryIx) -> Self {
        let saves: Vec<Save> = self.saves.iter().take_while(|save| save.count <= shared).cloned().collect();
        let Some(Save { count, page, registers, .. }) = saves.last().cloned() else { return self.again(history) };
        let heads = history.heads_of_first(count);
        Fold { draft: Draft::new(page), registers, count, heads, saves, ..Fold::default() }
    }

    /// Folds all entries of the history that aren't yet.
    pub fn catch_up(&mut self, history: &History) {
        self.coming = history.entries[self.count as usize..].iter().map(|entry| u64::from(entry.len)).sum();
        while self.count < history.len() {
            self.entry(history, self.count);
            self.finish(history);
        }
        self.settle(history);
    }

    /// Folds the events of an entry, the next one, that aren't yet.
    fn entry(&mut self, history: &History, ix: EntryIx) {
        let entry = history.entry(ix);
        if self.done == 0 {
            self.begin(history, ix);
        }
        let mut before = 0;
        for run in entry.runs() {
            let after = before + run.count() as u32;
            if after > self.done {
                let part = (before < self.done).then(|| run.part(self.done - before, after - before));
                self.event(history, ix, part.as_ref().unwrap_or(run), after - before.max(self.done));
            }
            before = after;
        }
    }

    /// The next entry begins.
    pub fn begin(&mut self, history: &History, ix: EntryIx) {
        debug_assert_eq!((ix, self.done), (self.count, 0));
        let parents = &history.entry(ix).parents;
        self.knows_all = self.heads.iter().all(|head| parents.contains(head));
        if self.knows_all {
            self.settle(history);
        }
        // A page where a stretch of concurrent entries begins is just what its tracker needs.
        if self.since_save > 0 && history.is_critical(ix) && !history.is_critical(ix + 1) {
            self.save();
        }
    }

    /// Folds a run of the entry that was begun, of `count` events, which comes right after what is folded of it.
    pub fn event(&mut self, history: &History, ix: EntryIx, event: &Event, count: u32) {
        let entry = history.entry(ix);
        if self.knows_all && !matches!(event, Event::Cancel { .. }) {
            let id = entry.first() + Id::from(self.done);
            if !self.draft.event(id, count, event) {
                linear::apply(self.draft.page_mut(), &mut self.registers, id, event);
            }
        } else {
            self.walk(history, ix, self.done + count);
            if self.knows_all {
                self.settle(history);
            }
        }
        self.done += count;
    }

    /// Whether the entry that was begun is folded into the page alone.
    pub fn is_linear(&self) -> bool {
        self.knows_all
    }

    /// The entry that was begun is complete.
    pub fn finish(&mut self, history: &History) {
        let entry = history.entry(self.count);
        raise_heads(&mut self.heads, &entry.parents, self.count);
        self.since_save += entry.len;
        (self.count, self.done) = (self.count + 1, 0);
        // Of much that comes at once, only what came last is likely to be built upon by others.
        self.coming = self.coming.saturating_sub(entry.len.into());
        let wanted = self.saves_often || u64::from(self.since_save) >= SAVE_EVERY.max(self.coming);
        if wanted && history.is_critical(self.count) {
            self.settle(history);
            self.save();
        }
    }

    /// The page shows what was folded only after this.
    pub fn settle(&mut self, history: &History) {
        if let Some(page) = self.window.as_mut().and_then(|window| window.redrawn(history)) {
            self.draft = Draft::new(page);
        }
    }

    fn save(&mut self) {
        let (page, registers) = (self.draft.page_mut().clone(), self.registers.clone());
        let origin = Arc::clone(&self.saves[0].origin);
        self.saves.push(Save { count: self.count, page, registers, origin });
        self.since_save = 0;
        if self.saves.len() > SAVES && !self.saves_often {
            // The one goes whose neighbours are closest together for their age.
            let gap = |i: usize| {
                let (before, after) = (self.saves[i - 1].count, self.saves[i + 1].count);
                f64::from(after - before) / f64::from(self.count + 1 - after)
            };
            let least = (1..self.saves.len() - 1).min_by(|&a, &b| gap(a).total_cmp(&gap(b)));
            if let Some(i) = least {
                self.saves.remove(i);
            }
        }
    }

    /// Folds the events of an entry up to `until` with the tracker.
    fn walk(&mut self, history: &History, ix: EntryIx, until: u32) {
        if self.struck_out != history.struck_out {
            self.struck_out = history.struck_out;
            self.saves.retain(|save| history.is_critical(save.count));
        }
        let save = self.saves.iter().rposition(|save| save.count <= ix).unwrap_or(0);
        let keeps = self.window.as_ref().is_some_and(|window| {
            let (folded, done) = window.folded();
            let lag: u32 = (folded..ix).map(|ix| history.entry(ix).len).sum();
            let begin = self.saves[save].count;
            let can_begin_later = begin >= folded + u32::from(done > 0);
            history.is_critical(window.base.count)
                && !(can_begin_later && (lag > CATCH_UP || window.size() > LARGE || window.is_disordered()))
                && !(self.saves_often && begin > window.base.count)
        });
        if !keeps {
            self.settle(history);
            self.window = Some(Box::new(Window::new(history, self.saves[save].clone())));
        }
        let Some(window) = &mut self.window else { return };
        let mut next = window.folded().0;
        while next < ix {
            window.fold(history, (next, history.entry(next).len), None, &mut self.registers);
            next += 1;
        }
        window.fold(history, (ix, self.done), None, &mut self.registers);
        window.fold(history, (ix, until), Some(self.draft.page_mut()), &mut self.registers);
    }

    /// Panics where a tree is damaged or the page doesn't show what was folded.
    pub fn assert_invariants(&self, history: &History) {
        self.page().assert_invariants();
        if let Some(window) = &self.window {
            let mut window = window.clone();
            self.complete(history, &mut window);
            window.assert_invariants(history, self.page());
        }
    }
}
