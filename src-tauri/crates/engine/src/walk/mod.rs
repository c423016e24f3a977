//! The tracker: folds entries that don't know everything folded before them.
//!
//! After Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker" (EuroSys 2025): every element has a state at
//! the *prepare* version, at which the positions of the entry in hand count, and one at the *effect* version,
//! which is everything folded so far. Before an entry is folded the prepare version is moved to its parents: what it
//! has too much is retreated, what it lacks is advanced. Siblings are ordered as in FugueMax (Weidner and Kleppmann,
//! "The Art of the Fugue", 2023).
//!
//! It begins with the page at a critical version, in place of all history up to there, and is kept as long as what
//! arrives follows that version.

mod cancel;
mod draw;
mod events;
mod marking;
mod places;
mod positions;
mod prepare;
mod registers;
mod removed;
mod sequence;
mod sight;
mod versions;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::event::{Attributes, End, Event, Insertion, OBJECT, Start, Target, Value};
use crate::fold::{Registers, Save, linear};
use crate::history::{EntryIx, History, Id, Known, NONE, OrderKey, id_of, line_of, seq_of};
use crate::layout::{BlockEvent, Change, Layouts, List};
use crate::marks::{Mark, Marks, SetId};
use crate::page::Page;
use crate::page::rope::{Item, Kind, MARKER_TEXT};
use crate::page::style::BlockStart;
use crate::tree::{Cursor, Span, State, Sum, Tree, View};

use cancel::Cancels;
use registers::Candidates;
use sight::Sight;
use versions::Versions;

/// A register and what it belongs to.
pub(crate) type RegisterKey = (Target<Id>, String);

/// The state of the walk since a critical version.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    /// The first entries that the window's beginning stands for, and what they come to.
    pub base: Save,
    base_known: Known,
    /// The first entry that isn't wholly folded, and how many of its events are.
    next: EntryIx,
    done: u32,
    tree: Tree,
    marks: Marks,
    markers: FxHashMap<Id, Marker>,
    lines: Vec<LineLog>,
    versions: Versions,
    /// Registers that belong to no marker, as far as events since the beginning set them.
    candidates: BTreeMap<RegisterKey, Candidates>,
    cancels: Cancels,
    /// Marks whose interval begins with the sequence.
    leads: Vec<Id>,
    /// The prepare and the effect version.
    prep: Known,
    effect: Known,
    /// Live markers with a remove that counts, at the prepare and at the effect version.
    removed_prep: BTreeSet<Id>,
    removed: BTreeSet<Id>,
    layouts: Layouts,
    /// What the author of the entry in hand sees, where the sequence alone doesn't say it; none until somebody asks. Its
    /// characters are only counted.
    sight: Option<Page>,
    /// What authors saw at versions that were left.
    left: VecDeque<Sight>,
    /// The order of blocks is no longer that of the sequence: a block has moved, or a join has passed a hidden one.
    disordered: bool,
    /// The page doesn't show the effect version and must be drawn again.
    stale: bool,
}

/// What the events of a line did, in the order of their seqs.
#[derive(Debug, Clone, Default)]
struct LineLog {
    deletions: Vec<Deletion>,
    hits: Vec<(u32, Hit)>,
}

/// `len` deletions from `seq` on hit `len` elements from `target` on, in the same or the opposite order.
#[derive(Debug, Clone, Copy)]
struct Deletion {
    seq: u32,
    len: u32,
    target: Id,
    backward: bool,
}

/// What an event that is neither text nor a deletion hit.
#[derive(Debug, Clone)]
enum Hit {
    Join(Id),
    Remove(Id),
    Mark,
    Register(RegisterKey),
    Cancel(Vec<Range<Id>>),
}

#[derive(Debug, Clone, Default)]
struct Marker {
    /// As at the window's beginning, or as inserted.
    attributes: Attributes,
    candidates: BTreeMap<String, Candidates>,
    removes_prep: u32,
    removes: u32,
}

/// An entry in hand.
struct Step<'a> {
    history: &'a History,
    /// The page to bring up to date; none for what it shows already.
    page: Option<&'a mut Page>,
    registers: &'a mut Registers,
    /// The entry's positions are those of the page: it knows everything folded so far, and the page shows that.
    at_head: bool,
}

impl Window {
    /// Begins with a page that stands for the first entries of the history.
    pub fn new(history: &History, base: Save) -> Self {
        let known = history.known_to_first(base.count);
        let mut window = Window {
            base_known: known.clone(),
            next: base.count,
            done: 0,
            tree: Tree::default(),
            marks: Marks::default(),
            markers: FxHashMap::default(),
            lines: Vec::new(),
            versions: Versions::new(base.count),
            candidates: BTreeMap::new(),
            cancels: Cancels::default(),
            leads: Vec::new(),
            prep: known.clone(),
            effect: known,
            removed_prep: BTreeSet::new(),
            removed: BTreeSet::new(),
            layouts: Layouts::default(),
            sight: None,
            left: VecDeque::new(),
            disordered: false,
            stale: false,
            base,
        };
        let mut spans: Vec<Span> = Vec::new();
        let mut left = NONE;
        for piece in window.base.page.pieces(1, window.base.page.len()) {
            let (marker, style) = match piece.kind {
                Kind::Text(style) => (false, style),
                Kind::Marker(start) => {
                    let removes = u32::from(start.removed);
                    let attributes = start.attributes.clone();
                    let marker = Marker { attributes, candidates: BTreeMap::new(), removes_prep: removes, removes };
                    window.markers.insert(piece.id, marker);
                    window.layouts.add_base(piece.id);
                    if start.removed {
                        window.removed_prep.insert(piece.id);
                        window.removed.insert(piece.id);
                    }
                    (true, &start.style)
                }
            };
            let cover = window.marks.of_style(history, style);
            match spans.last_mut() {
                Some(last) if !marker && !last.marker && last.end() == piece.id && last.cover == cover => {
                    last.len += piece.len;
                }
                _ => spans.push(Span {
                    id: piece.id,
                    len: piece.len,
                    left,
                    right: NONE,
                    marker,
                    prep: State::NEW,
                    effect: State::NEW,
                    cover,
                    place: SetId::EMPTY,
                }),
            }
            left = piece.id + Id::from(piece.len) - 1;
        }
        window.tree = Tree::of(spans);
        window
    }

    /// How many entries, and how many events of the one after them, are folded.
    pub fn folded(&self) -> (EntryIx, u32) {
        (self.next, self.done)
    }

    /// Whether the order of blocks isn't that of the sequence, which makes everything slower.
    pub fn is_disordered(&self) -> bool {
        self.disordered
    }

    /// How many spans the sequence has.
    pub fn size(&self) -> usize {
        self.tree.span_count()
    }

    /// Folds the first `until` events of an entry, as far as they aren't yet; all its parents are folded. `page` is brought up
    /// to date, if there is one.
    pub fn fold(
        &mut self,
        history: &History,
        (ix, until): (EntryIx, u32),
        page: Option<&mut Page>,
        registers: &mut Registers,
    ) {
        let entry = history.entry(ix);
        let at_head = self.begin(history, ix) && page.is_some();
        let mut step = Step { history, page, registers, at_head };
        let mut before = 0;
        for run in entry.runs() {
            let after = before + run.count() as u32;
            let (from, to) = (before.max(self.done), after.min(until));
            if from < to {
                let part = (from > before || to < after).then(|| run.part(from - before, to - before));
                self.event(&mut step, entry.first() + Id::from(from), part.as_ref().unwrap_or(run));
            }
            before = after;
        }
    }

    /// Moves the prepare version to an entry's parents and what is folded of itself; tells whether that is everything.
    fn begin(&mut self, history: &History, ix: EntryIx) -> bool {
        if ix != self.next {
            self.finish(history);
            debug_assert_eq!(ix, self.next, "entries are folded in their order");
        }
        let entry = history.entry(ix);
        let mut version = self.version_of(history, &entry.parents);
        version.raise(entry.line, entry.first_seq + self.done);
        self.effect.raise(entry.line, entry.first_seq + self.done);
        self.move_to(version);
        self.prep == self.effect
    }

    /// The entry in hand is complete.
    fn finish(&mut self, history: &History) {
        self.versions.push(history.entry(self.next).line, self.prep.clone());
        (self.next, self.done) = (self.next + 1, 0);
    }

    fn line(&mut self, line: u32) -> &mut LineLog {
        let line = line as usize;
        if self.lines.len() <= line {
            self.lines.resize_with(line + 1, LineLog::default);
        }
        &mut self.lines[line]
    }

    /// The version of whoever had these entries and all that they build on.
    fn version_of(&self, history: &History, heads: &[EntryIx]) -> Known {
        let mut known = self.base_known.clone();
        let mut heap = BinaryHeap::new();
        let mut visit = |heap: &mut BinaryHeap<EntryIx>, ix: EntryIx| {
            let entry = history.entry(ix);
            match self.versions.get(entry.line, ix) {
                Some(version) => known.join(version),
                None => {
                    known.raise(entry.line, entry.end_seq());
                    heap.extend(entry.parents.iter().filter(|&&parent| parent >= self.base.count));
                }
            }
        };
        heads.iter().filter(|&&head| head >= self.base.count).for_each(|&head| visit(&mut heap, head));
        let mut last = None;
        while let Some(ix) = heap.pop() {
            if last != Some(ix) {
                visit(&mut heap, ix);
            }
            last = Some(ix);
        }
        known
    }

    /// Folds one run of the entry in hand.
    fn event(&mut self, step: &mut Step<'_>, id: Id, run: &Event) {
        self.look();
        let count = run.count() as u32;
        match run {
            Event::Insert { at, what } => self.insert(step, id, *at, what),
            Event::Delete { at, len, backward } => self.delete(step, id, *at, *len as u32, *backward),
            Event::Join { at } => self.join(step, id, *at),
            Event::Remove { at } => self.remove(step, id, *at),
            Event::Mark { first, last, start, end, key, value } => {
                let mark = Mark {
                    start: *start,
                    end: *end,
                    key: key.as_str().into(),
                    value: value.clone(),
                    order: step.history.order_key(id),
                };
                self.mark(step, id, *first, *last, mark);
            }
            Event::Register { target, key, value } => self.set_register(step, id, target, key, value.as_ref()),
            Event::Cancel { ranges, on } => self.cancel(step, id, ranges, *on),
            Event::Move { first, count, to } => self.move_blocks(step, id, *first, *count, *to),
        }
        self.edit_sight(id, run);
        let end = seq_of(id) + count;
        self.prep.raise(line_of(id), end);
        self.effect.raise(line_of(id), end);
        self.done += count;
    }

    /// The page, drawn again, if the one that was handed in doesn't show everything that was folded.
    pub fn redrawn(&mut self, history: &History) -> Option<Page> {
        std::mem::take(&mut self.stale).then(|| self.draw(history))
    }
}
