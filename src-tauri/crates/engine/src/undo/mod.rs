//! Undo and redo of a writer's own events.
//!
//! What a writer did is kept in *groups*, each of which is undone in one go. Text, deletions, marks, registers and removed
//! blocks are undone by cancelling their events; block structure by events that do the opposite, on what has become
//! of it meanwhile. So only one's own goes, whoever else has written, and what others did to it stays.
//!
//! An undo is written like any edit; what takes it back in turn becomes the group that redo undoes.
//!
//! ```
//! use inkfold_engine::undo::{Grouping, UndoStack};
//! use inkfold_engine::{Document, DocumentId, Event, Insertion, ReplicaId, WorkspaceId};
//!
//! let replica = ReplicaId([3; 16]);
//! let mut document = Document::new(WorkspaceId([1; 16]), DocumentId([2; 16]));
//! document.begin(replica, &[])?;
//! let mut undo = UndoStack::new(replica);
//! undo.begin(Grouping::Typing, 1_000, None);
//! undo.apply(&mut document, &Event::Insert { at: 0, what: Insertion::Text("Hello".into()) })?;
//! undo.begin(Grouping::Step, 1_200, None);
//! undo.apply(&mut document, &Event::Delete { at: 2, len: 4, backward: false })?;
//! assert_eq!(document.page().text(), "H");
//! undo.undo(&mut document)?;
//! assert_eq!(document.page().text(), "Hello");
//! undo.redo(&mut document)?;
//! assert_eq!(document.page().text(), "H");
//! # Ok::<(), inkfold_engine::EditError>(())
//! ```

mod bytes;
mod record;
mod revert;

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Document, EditError, ElementId, Place};
use crate::event::{Attributes, Event, Value};
use crate::ids::ReplicaId;
use crate::patch::between;

pub use bytes::Rows;
use record::Recorder;

/// Typing that pauses for so many milliseconds begins a new group.
const PAUSE: i64 = 1_000;
/// So many groups are kept; older ones can't be undone any more.
const GROUPS: usize = 1_000;

/// To which group an edit belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// To the last one, if that is typing too and not older than a pause; else to a new one.
    Typing,
    /// To a new one, with which typing may go on.
    Start,
    /// To one of its own: a command, an automatic format.
    Step,
    /// To the last one, whatever it is: the later edits of one composition or one command.
    Joined,
}

/// The ends of a selection, which are one where it is a caret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// Where it was begun.
    pub anchor: Place,
    /// Where the caret is.
    pub head: Place,
}

/// What an undo or a redo did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reverted {
    /// The events that it was written as, which the document has already. None where there was nothing to undo.
    pub events: Vec<Event>,
    /// Where the selection was, as positions of the page: anchor and head.
    pub selection: Option<(u32, u32)>,
    /// What was undone doesn't show, and what comes next needs the document's history: load it and ask again.
    pub needs_history: bool,
}

/// What a writer can undo and redo in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoStack {
    replica: ReplicaId,
    /// The latest last.
    done: Vec<Group>,
    undone: Vec<Group>,
    replaced: Replaced,
    recorder: Recorder,
    /// The number of the next group.
    next: u64,
    /// A group that is begun and has nothing yet.
    begun: Option<Begun>,
    /// Whether typing may go on with the last group, and when something came into it last.
    open: bool,
    time: i64,
    /// Rows of the table that aren't as they were written last.
    stale: BTreeSet<u64>,
    /// How long the rows are, by number.
    sizes: BTreeMap<u64, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Begun {
    before: Option<Selection>,
    open: bool,
}

/// What is undone in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Group {
    number: u64,
    /// Own events that are cancelled to undo this, and those that count again then. Ranges of seq; marker insertions, joins, moves
    /// and cancels among them count all the same.
    off: Vec<(u64, u64)>,
    on: Vec<(u64, u64)>,
    /// What cancelling doesn't undo, in the order in which it was done.
    steps: Vec<Step>,
    /// The selection before and after.
    before: Option<Selection>,
    after: Option<Selection>,
    /// The seqs of the first event that came in, and after the last one.
    first: u64,
    end: u64,
}

/// What is to be known of an event to undo it by others. A block is named by its first marker, also where a join has been
/// undone since by another marker in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// A marker was inserted.
    Marker {
        block: ElementId,
        /// The block that it was split from; none for the implied paragraph and HEAD.
        from: Option<ElementId>,
        /// The element that it came after.
        anchor: Option<ElementId>,
        why: Why,
    },
    /// A block was joined to the one before.
    Join {
        block: ElementId,
        /// The element that its text came after.
        anchor: Option<ElementId>,
        attributes: Attributes,
    },
    /// A block was removed (`shown` is false), or a removal was undone.
    Remove {
        /// The block, and the marker that the event named.
        block: ElementId,
        marker: ElementId,
        /// The block that stood after it.
        next: Option<ElementId>,
        /// The removal's seq.
        seq: u64,
        shown: bool,
    },
    /// A register of a block was changed.
    Register { block: ElementId, marker: ElementId, key: String, was: Option<Value>, is: Option<Value> },
    /// Blocks moved.
    Move {
        blocks: Vec<ElementId>,
        /// The block that stood before them.
        behind: Option<ElementId>,
        /// The event's seq.
        seq: u64,
    },
}

/// Why a marker was inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// A new block, with nothing in it.
    New,
    /// Text went into the new block.
    Split,
    /// To undo a join.
    Again,
}

/// Markers that stand for others which were joined: a join is undone by a new marker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Replaced {
    /// For each block, by its first marker, those that it got since, the latest last.
    markers: BTreeMap<ElementId, Vec<ElementId>>,
    /// The other way.
    block: BTreeMap<ElementId, ElementId>,
}

/// Of a block's markers so many are kept: the first and the latest.
const GENERATIONS: usize = 16;

impl Replaced {
    /// The marker that a block has now.
    fn marker(&self, block: ElementId) -> ElementId {
        self.markers.get(&block).and_then(|markers| markers.last()).copied().unwrap_or(block)
    }

    /// The block that a marker begins.
    fn block(&self, marker: ElementId) -> ElementId {
        self.block.get(&marker).copied().unwrap_or(marker)
    }

    fn put(&mut self, block: ElementId, marker: ElementId) {
        let markers = self.markers.entry(block).or_default();
        markers.push(marker);
        self.block.insert(marker, block);
        if markers.len() > GENERATIONS {
            self.block.remove(&markers.remove(0));
        }
    }
}

impl UndoStack {
    /// With nothing to undo, for what this replica writes.
    pub fn new(replica: ReplicaId) -> Self {
        UndoStack {
            replica,
            done: Vec::new(),
            undone: Vec::new(),
            replaced: Replaced::default(),
            recorder: Recorder::default(),
            next: 1,
            begun: None,
            open: false,
            time: 0,
            stale: BTreeSet::new(),
            sizes: BTreeMap::new(),
        }
    }

    /// Whose events it undoes.
    pub fn replica(&self) -> ReplicaId {
        self.replica
    }

    /// Whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is something to redo.
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// An edit begins, at this time in milliseconds and with this selection. Settles to which group it belongs.
    pub fn begin(&mut self, grouping: Grouping, time: i64, before: Option<Selection>) {
        let pause = time.saturating_sub(self.time);
        self.time = time;
        let goes_on = match grouping {
            Grouping::Typing => self.open && (0..PAUSE).contains(&pause),
            Grouping::Joined => self.begun.is_none() && self.undone.is_empty() && !self.done.is_empty(),
            Grouping::Start | Grouping::Step => false,
        };
        if !goes_on {
            self.begun = Some(Begun { before, open: matches!(grouping, Grouping::Typing | Grouping::Start) });
        }
    }

    /// Applies an event of the edit to a document whose record is open, and notes what will undo it. With that, what was undone can
    /// no longer be redone.
    ///
    /// # Errors
    /// As [`Document::apply`].
    pub fn apply(&mut self, document: &mut Document, event: &Event) -> Result<(), EditError> {
        let seq = document.next_seq().ok_or(EditError::Order)?;
        let step = self.note(document, event);
        document.apply(event)?;
        let mut drops = false;
        if let Some(Begun { before, open }) = self.begun.take()
            && event.count() > 0
        {
            drops = !self.undone.is_empty();
            for group in self.undone.drain(..) {
                self.stale.insert(group.number);
            }
            let number = self.number();
            self.done.push(Group { number, before, first: seq, end: seq, ..Group::default() });
            self.open = open;
        }
        if self.done.is_empty() {
            let number = self.number();
            self.done.push(Group { number, first: seq, end: seq, ..Group::default() });
        }
        if let Some(group) = self.done.last_mut() {
            group.add(seq, event, step);
            self.stale.insert(group.number);
        }
        if drops {
            self.keep_named();
        }
        Ok(())
    }

    /// What will undo an event that is about to be applied, other than to cancel it.
    fn note(&mut self, document: &Document, event: &Event) -> Option<Step> {
        let reordered = self.recorder.reordered;
        let step = self.recorder.step(document, &self.replaced, self.replica, event);
        if reordered != self.recorder.reordered {
            self.stale.insert(bytes::BLOCKS);
        }
        step
    }

    /// The edit is complete, and this is the selection after it.
    pub fn settle(&mut self, after: Option<Selection>) {
        if self.begun.take().is_none()
            && let Some(group) = self.done.last_mut()
        {
            group.after = after;
            self.stale.insert(group.number);
        }
        let surplus = self.done.len().saturating_sub(GROUPS);
        self.forget(surplus);
    }

    /// Undoes the last group that changes anything, in a document whose record is open.
    ///
    /// # Errors
    /// As [`Document::apply`], or the group isn't of this document and is dropped; the document wasn't changed then.
    pub fn undo(&mut self, document: &mut Document) -> Result<Reverted, EditError> {
        self.turn(document, |stack| (&mut stack.done, &mut stack.undone))
    }

    /// Redoes what was undone last, as far as it changes anything.
    ///
    /// # Errors
    /// As [`Self::undo`].
    pub fn redo(&mut self, document: &mut Document) -> Result<Reverted, EditError> {
        self.turn(document, |stack| (&mut stack.undone, &mut stack.done))
    }

    /// Undoes groups of one list into the other one, until the page is another one.
    fn turn(
        &mut self,
        document: &mut Document,
        lists: impl Fn(&mut Self) -> (&mut Vec<Group>, &mut Vec<Group>),
    ) -> Result<Reverted, EditError> {
        self.open = false;
        self.begun = None;
        let (page, registers) = (document.page().clone(), document.registers_shared());
        let mut reverted = Reverted::default();
        let mut selection = None;
        while let Some(group) = lists(self).0.last().cloned() {
            let number = self.number();
            let inverse = match revert::revert(self, document, &group, number, &mut reverted.events) {
                Err(error) if !reverted.events.is_empty() => {
                    reverted.needs_history = error == EditError::NeedsHistory;
                    break;
                }
                Err(EditError::NotHere) => {
                    // It never will be.
                    lists(self).0.pop();
                    self.stale.insert(group.number);
                    return Err(EditError::NotHere);
                }
                inverse => inverse?,
            };
            lists(self).0.pop();
            self.stale.extend([group.number, number]);
            if !inverse.is_empty() {
                lists(self).1.push(inverse);
            }
            selection = group.before;
            if !between(&page, document.page()).is_empty() || *registers != *document.registers_shared() {
                break;
            }
        }
        reverted.selection = selection.and_then(|selection| {
            Some((self.position(document, selection.anchor)?, self.position(document, selection.head)?))
        });
        Ok(reverted)
    }

    /// The position of a place, also where a block that it names has another marker now.
    fn position(&self, document: &mut Document, place: Place) -> Option<u32> {
        let element = place.element.map(|element| self.replaced.marker(self.replaced.block(element)));
        document.position(&Place { element, ..place })
    }

    /// The first seq that can still be cancelled or count again.
    fn oldest(&self) -> Option<u64> {
        let ranges = self.done.iter().chain(&self.undone).flat_map(|group| group.off.iter().chain(&group.on));
        ranges.map(|range| range.0).min()
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// The oldest groups can't be undone any more.
    fn forget(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        for group in self.done.drain(..count) {
            self.stale.insert(group.number);
        }
        self.keep_named();
    }

    /// Forgets of blocks what no group asks for any more.
    fn keep_named(&mut self) {
        self.pass_over_forgotten();
        let groups = || self.done.iter().chain(&self.undone);
        let mut named: BTreeSet<ElementId> = BTreeSet::new();
        let mut note = |place: Option<ElementId>| named.extend(place);
        for group in groups() {
            group.steps.iter().for_each(|step| step.each_block(&mut note));
            for selection in [group.before, group.after].into_iter().flatten() {
                note(selection.anchor.element);
                note(selection.head.element);
            }
        }
        let before = self.replaced.markers.len();
        let Replaced { markers, block } = &mut self.replaced;
        // A selection names the marker of its time.
        markers.retain(|first, later| named.contains(first) || later.iter().any(|marker| named.contains(marker)));
        block.retain(|_, first| markers.contains_key(first));
        if before != self.replaced.markers.len() {
            self.stale.insert(bytes::BLOCKS);
        }
        self.note_removed();
    }

    /// Of removed blocks that nothing brings back any more, none says where another one stood.
    fn pass_over_forgotten(&mut self) {
        let groups = self.done.iter().chain(&self.undone);
        let removed = groups.flat_map(|group| &group.steps).filter_map(|step| match step {
            Step::Remove { block, shown: false, .. } => Some(*block),
            _ => None,
        });
        let kept: BTreeSet<ElementId> = removed.collect();
        for group in self.done.iter_mut().chain(&mut self.undone) {
            for step in &mut group.steps {
                let Step::Remove { next, .. } = step else { continue };
                let stood = self.recorder.stood_before(*next, |block| kept.contains(&block));
                if stood != *next {
                    *next = stood;
                    self.stale.insert(group.number);
                }
            }
        }
    }

    /// Notes anew what is removed, of what can be undone.
    fn note_removed(&mut self) {
        let groups = self.done.iter().chain(&self.undone);
        self.recorder = Recorder::of(groups.flat_map(|group| &group.steps), self.recorder.reordered);
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        self.off.is_empty() && self.on.is_empty() && self.steps.is_empty()
    }

    fn add(&mut self, seq: u64, event: &Event, step: Option<Step>) {
        let end = seq + event.count();
        let is_cancelled = !matches!(event, Event::Join { .. } | Event::Move { .. } | Event::Cancel { .. })
            && !matches!(event, Event::Insert { what: crate::event::Insertion::Marker(_), .. });
        if is_cancelled && seq < end {
            match self.off.last_mut() {
                // Whatever of this group is in between counts all the same.
                Some(last) if last.1 == seq || (seq == self.end && last.0 >= self.first) => last.1 = end,
                _ => self.off.push((seq, end)),
            }
        }
        self.end = end;
        self.steps.extend(step);
    }
}

impl Step {
    /// The seq of the event itself, as far as it is noted.
    fn seq(&self) -> Option<u64> {
        match self {
            Step::Remove { seq, .. } | Step::Move { seq, .. } => Some(*seq),
            Step::Marker { .. } | Step::Join { .. } | Step::Register { .. } => None,
        }
    }

    fn each_block(&self, note: &mut impl FnMut(Option<ElementId>)) {
        match self {
            Step::Marker { block, from, anchor, .. } => [Some(*block), *from, *anchor].into_iter().for_each(note),
            Step::Join { block, anchor, .. } => [Some(*block), *anchor].into_iter().for_each(note),
            Step::Remove { block, next, .. } => [Some(*block), *next].into_iter().for_each(note),
            Step::Register { block, .. } => note(Some(*block)),
            Step::Move { blocks, behind, .. } => {
                blocks.iter().map(|&block| Some(block)).chain([*behind]).for_each(note)
            }
        }
    }
}
