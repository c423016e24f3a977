//! The walk: folds entries of the history, one after another, into the sequence and the page.
//!
//! After Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker" (EuroSys 2025): every element has a state at
//! the *prepare* version, at which the positions of the entry in hand count, and one at the *effect* version,
//! which is everything folded so far. Before an entry is folded the prepare version is moved to its parents: what it
//! has too much is retreated, what it lacks is advanced. Siblings are ordered as in FugueMax (Weidner and Kleppmann,
//! "The Art of the Fugue", 2023).

mod draw;
mod events;
mod marking;
mod positions;
mod prepare;
mod removed;
mod sequence;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::event::{Attributes, End, Event, Insertion, OBJECT, Start, Target, Value};
use crate::history::{EntryIx, History, Lv, OrderKey};
use crate::layout::{BlockEvent, Join, Layout, Layouts, knows};
use crate::marks::{Mark, Marks, SetId};
use crate::page::{Block, Page, Run};
use crate::tree::{Cursor, NONE, Span, Sum, Tree};

/// A register and what it belongs to.
pub(crate) type RegisterKey = (Target<Lv>, String);

/// The state of the walk: the whole history, folded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    tree: Tree,
    marks: Marks,
    markers: FxHashMap<Lv, Marker>,
    /// Which elements deletions hit, in the order of the events.
    deletions: Vec<Deletion>,
    /// Which markers joins and removes hit.
    hits: FxHashMap<Lv, Lv>,
    registers: BTreeMap<RegisterKey, (OrderKey, Option<Value>)>,
    /// The prepare version: its heads, and how many entries of each line it has.
    prepare: Vec<EntryIx>,
    known: Vec<u32>,
    /// The heads of the effect version.
    effect: Vec<EntryIx>,
    /// Live markers with a remove that counts, at the prepare and at the effect version.
    removed_prep: BTreeSet<Lv>,
    removed: BTreeSet<Lv>,
    layouts: Layouts,
    /// A join has passed a hidden block: the order of blocks is no longer that of the sequence.
    disordered: bool,
    /// The page doesn't show the effect version and must be drawn again.
    stale: bool,
}

#[derive(Debug, Clone)]
struct Marker {
    attributes: Arc<Attributes>,
    stamps: BTreeMap<String, OrderKey>,
    removes_prep: u32,
    removes: u32,
}

/// `len` delete events from `event` on hit `len` elements from `target` on, in the same or the opposite order.
#[derive(Debug, Clone, Copy)]
struct Deletion {
    event: Lv,
    len: u32,
    target: Lv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Prepare,
    Effect,
}

/// Elements that are shown one after another.
#[derive(Debug, Clone, Copy)]
struct Piece {
    id: Lv,
    len: u32,
    marker: bool,
    cover: SetId,
}

/// An entry in hand.
struct Step<'a> {
    history: &'a History,
    page: &'a mut Page,
    /// The entry knows everything folded so far, so its positions are the page's.
    at_head: bool,
    /// What is shown at the prepare version, in order; only where the sequence alone doesn't say it.
    shown: Option<Vec<Piece>>,
}

impl Walk {
    pub fn register(&self, key: &RegisterKey) -> Option<&Value> {
        self.registers.get(key)?.1.as_ref()
    }

    pub fn registers(&self) -> impl Iterator<Item = (&RegisterKey, &Value)> {
        self.registers.iter().filter_map(|(key, (_, value))| Some((key, value.as_ref()?)))
    }

    /// Folds an entry, all of whose parents are folded.
    pub fn fold(&mut self, history: &History, ix: EntryIx, page: &mut Page) {
        let entry = history.entry(ix);
        self.begin(history, ix);
        let mut lv = entry.start;
        for run in entry.runs() {
            self.event(history, ix, lv, run, page);
            lv += run.count() as u32;
        }
    }

    /// Moves the prepare version to an entry's parents, and then lets it have the entry.
    pub fn begin(&mut self, history: &History, ix: EntryIx) {
        let entry = history.entry(ix);
        let parents = history.minimal(entry.parents.iter().copied());
        if self.prepare != parents {
            let (retreat, advance) = history.difference(&self.prepare, &parents);
            for &ix in &retreat {
                self.turn(history, ix, false);
            }
            for &ix in &advance {
                self.turn(history, ix, true);
            }
        }
        if self.effect == parents {
            self.effect.clear();
        } else {
            self.effect.retain(|head| !entry.parents.contains(head));
        }
        self.effect.push(ix);
        self.know(history, ix, true);
        self.prepare = vec![ix];
    }

    fn know(&mut self, history: &History, ix: EntryIx, is_known: bool) {
        let entry = history.entry(ix);
        self.known.resize(history.line_count(), 0);
        self.known[entry.line as usize] = entry.place + u32::from(is_known);
    }

    /// Folds one run of the entry that was begun.
    pub fn event(&mut self, history: &History, ix: EntryIx, lv: Lv, run: &Event, page: &mut Page) {
        let at_head = self.effect == [ix] && !self.stale;
        let mut step = Step { history, page, at_head, shown: None };
        if self.disordered && !at_head {
            let layout = self.layouts.at(history, &self.tree, &self.known);
            step.shown = Some(self.pieces(Some(&layout), View::Prepare));
        }
        match run {
            Event::Insert { at, what } => self.insert(&mut step, lv, *at, what),
            Event::Delete { at, len, backward } => self.delete(&mut step, lv, *at, *len as u32, *backward),
            Event::Join { at } => self.join(&mut step, lv, *at),
            Event::Remove { at } => self.remove(&mut step, lv, *at),
            Event::Mark { first, last, start, end, key, value } => {
                let mark = Mark {
                    last: NONE,
                    start: *start,
                    end: *end,
                    key: key.clone(),
                    value: value.clone(),
                    order: history.order_key(lv),
                };
                self.mark(&mut step, lv, *first, *last, mark);
            }
            Event::Register { target, key, value } => self.set_register(&mut step, lv, target, key, value.as_ref()),
            // Records with these are not folded by this version.
            Event::Cancel { .. } | Event::Move { .. } => {}
        }
    }

    /// Draws the page again if it doesn't show everything that was folded.
    pub fn settle(&mut self, history: &History, page: &mut Page) {
        if std::mem::take(&mut self.stale) {
            *page = self.draw(history, Some(page));
        }
    }
}
