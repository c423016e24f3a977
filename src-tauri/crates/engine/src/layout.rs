//! Which block stands where, once the sequence alone doesn't say it: the list L of FORMAT.md, folded over the
//! block-level events. Needed only after a join has passed a hidden block; slow on purpose, for it is rare.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::history::{Id, Known, NONE, OrderKey};
use crate::tree::Tree;

/// A marker's insertion or a join.
#[derive(Debug, Clone)]
pub(crate) struct BlockEvent {
    pub id: Id,
    pub marker: Id,
    pub join: Option<Join>,
}

/// What a join's author saw.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    /// The element shown right before the marker; [`NONE`] for HEAD.
    pub anchor: Id,
    /// The marker of the block shown before; [`NONE`] for HEAD.
    pub before: Id,
    /// The author's version.
    pub known: Arc<Known>,
}

/// The list L at one version. [`NONE`] stands for HEAD.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub list: Vec<Id>,
    pub dead: FxHashSet<Id>,
}

impl Layout {
    /// The last entry at or before a segment that is HEAD or not dead.
    fn head(&self, segment: Id) -> Id {
        let at = self.list.iter().position(|&entry| entry == segment).unwrap_or(0);
        self.list[..=at].iter().rev().copied().find(|entry| !self.dead.contains(entry)).unwrap_or(NONE)
    }
}

/// All block-level events, and the layouts that joins' authors saw, as far as they were asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layouts {
    /// The markers that stood there at first, in order.
    base: Vec<Id>,
    events: BTreeMap<OrderKey, BlockEvent>,
    seen: FxHashMap<Id, Arc<Layout>>,
}

/// Which version a layout is wanted for.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// Everything.
    All,
    /// This version.
    Known(&'a Known),
    /// What a join's author saw.
    Seen(&'a Join),
}

struct Markers {
    /// Place in the sequence of each marker.
    place: FxHashMap<Id, u32>,
    /// All markers in the order of the sequence.
    order: Vec<Id>,
}

impl Layouts {
    /// One more marker after those that stand there at first.
    pub fn add_base(&mut self, marker: Id) {
        self.base.push(marker);
    }

    pub fn add(&mut self, order: OrderKey, event: BlockEvent) {
        self.events.insert(order, event);
    }

    /// The layout of everything that was added.
    pub fn all(&mut self, tree: &Tree) -> Layout {
        self.layout(tree, Wanted::All)
    }

    /// The layout at a version.
    pub fn at(&mut self, tree: &Tree, known: &Known) -> Layout {
        self.layout(tree, Wanted::Known(known))
    }

    /// Folds, and first folds what the joins met on the way need. A stack of its own, because histories can make such
    /// needs follow each other for thousands of steps.
    fn layout(&mut self, tree: &Tree, wanted: Wanted<'_>) -> Layout {
        let mut markers = Markers { place: FxHashMap::default(), order: Vec::new() };
        let mut place = 0;
        for span in tree.spans() {
            if span.marker {
                markers.place.insert(span.id, place);
                markers.order.push(span.id);
            }
            place += span.len;
        }
        let joins: FxHashMap<Id, Join> =
            self.events.values().filter_map(|event| Some((event.id, event.join.clone()?))).collect();
        let mut needed: Vec<Id> = Vec::new();
        loop {
            let current = needed.last().map_or(wanted, |lv| Wanted::Seen(&joins[lv]));
            match (self.fold(tree, &markers, current), needed.pop()) {
                (Ok(layout), None) => return layout,
                (Ok(layout), Some(lv)) => {
                    self.seen.insert(lv, Arc::new(layout));
                }
                (Err(need), popped) => needed.extend(popped.into_iter().chain([need])),
            }
        }
    }

    /// Folds the events of a version; fails with a join whose author's layout is needed first.
    fn fold(&self, tree: &Tree, markers: &Markers, wanted: Wanted<'_>) -> Result<Layout, Id> {
        let mut layout = Layout { list: vec![NONE], dead: FxHashSet::default() };
        layout.list.extend(&self.base);
        // The markers folded so far, by their place in the sequence.
        let mut folded: BTreeMap<u32, Id> = self.base.iter().map(|marker| (markers.place[marker], *marker)).collect();
        for event in self.events.values() {
            let included = match wanted {
                Wanted::All => true,
                Wanted::Known(known) => known.has(event.id),
                Wanted::Seen(join) => join.known.has(event.id),
            };
            if !included {
                continue;
            }
            let marker = event.marker;
            let Some(join) = &event.join else {
                let place = markers.place[&marker];
                let before = folded.range(..place).next_back().map_or(NONE, |(_, &before)| before);
                let at = layout.list.iter().position(|&entry| entry == before).map_or(0, |at| at + 1);
                layout.list.insert(at, marker);
                folded.insert(place, marker);
                continue;
            };
            if layout.dead.contains(&marker) {
                continue;
            }
            let Some(from) = layout.list.iter().position(|&entry| entry == marker) else { continue };
            let belongs = |layout: &Layout, entry: Id, block: Id| -> Result<bool, Id> {
                Ok(layout.dead.contains(&entry)
                    || self.born_in(markers, event.id, join, entry)?.is_some_and(|born| born == block))
            };
            let mut to = from + 1;
            while to < layout.list.len() && belongs(&layout, layout.list[to], marker)? {
                to += 1;
            }
            let anchor = match join.anchor {
                NONE => NONE,
                anchor => folded.range(..=tree.place_of(anchor)).next_back().map_or(NONE, |(_, &segment)| segment),
            };
            if layout.list[from..to].contains(&anchor) {
                continue;
            }
            let run: Vec<Id> = layout.list.drain(from..to).collect();
            let mut at = layout.list.iter().position(|&entry| entry == anchor).map_or(0, |at| at + 1);
            while at < layout.list.len() && belongs(&layout, layout.list[at], join.before)? {
                at += 1;
            }
            layout.list.splice(at..at, run);
            layout.dead.insert(marker);
        }
        Ok(layout)
    }

    /// The block, as the join's author saw it, in which an entry unknown to the author was born; none if it is known.
    fn born_in(&self, markers: &Markers, id: Id, join: &Join, entry: Id) -> Result<Option<Id>, Id> {
        let is_known = |marker: Id| join.known.has(marker);
        if entry == NONE || is_known(entry) {
            return Ok(None);
        }
        let seen = self.seen.get(&id).ok_or(id)?;
        let at = markers.order.partition_point(|marker| markers.place[marker] < markers.place[&entry]);
        let nearest = markers.order[..at].iter().rev().copied().find(|&marker| is_known(marker));
        Ok(Some(nearest.map_or(NONE, |marker| seen.head(marker))))
    }
}
