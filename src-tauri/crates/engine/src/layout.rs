//! Which block stands where, once the sequence alone doesn't say it: the list L of FORMAT.md, folded over the
//! block-level events. Needed only after a join has passed a hidden block; slow on purpose, for it is rare.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::history::{History, Lv, OrderKey};
use crate::tree::{NONE, Tree};

/// A marker's insertion or a join.
#[derive(Debug, Clone)]
pub(crate) struct BlockEvent {
    pub lv: Lv,
    pub marker: Lv,
    pub join: Option<Join>,
}

/// What a join's author saw.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    /// The element shown right before the marker; [`NONE`] for HEAD.
    pub anchor: Lv,
    /// The marker of the block shown before; [`NONE`] for HEAD.
    pub before: Lv,
    /// How many entries of each line were known.
    pub known: Arc<[u32]>,
}

/// The list L at one version. [`NONE`] stands for HEAD.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub list: Vec<Lv>,
    pub dead: FxHashSet<Lv>,
}

impl Layout {
    /// The last entry at or before a segment that is HEAD or not dead.
    fn head(&self, segment: Lv) -> Lv {
        let at = self.list.iter().position(|&entry| entry == segment).unwrap_or(0);
        self.list[..=at].iter().rev().copied().find(|entry| !self.dead.contains(entry)).unwrap_or(NONE)
    }
}

/// Whether a line's entries that are known hold an event.
pub(crate) fn knows(history: &History, known: &[u32], lv: Lv) -> bool {
    let entry = history.entry(history.entry_of(lv));
    known.get(entry.line as usize).is_some_and(|&count| entry.place < count)
}

/// All block-level events, and the layouts that joins' authors saw, as far as they were asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layouts {
    events: BTreeMap<OrderKey, BlockEvent>,
    seen: FxHashMap<Lv, Arc<Layout>>,
}

/// Which version a layout is wanted for.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// Everything.
    All,
    /// What these counts of entries a line cover.
    Known(&'a [u32]),
    /// What a join's author saw.
    Seen(Lv, &'a Join),
}

struct Markers {
    /// Place in the sequence of each marker.
    place: FxHashMap<Lv, u32>,
    /// All markers in the order of the sequence.
    order: Vec<Lv>,
}

impl Layouts {
    pub fn add(&mut self, order: OrderKey, event: BlockEvent) {
        self.events.insert(order, event);
    }

    /// The layout of everything that was added.
    pub fn all(&mut self, history: &History, tree: &Tree) -> Layout {
        self.layout(history, tree, Wanted::All)
    }

    /// The layout at a version, given as counts of known entries a line.
    pub fn at(&mut self, history: &History, tree: &Tree, known: &[u32]) -> Layout {
        self.layout(history, tree, Wanted::Known(known))
    }

    /// Folds, and first folds what the joins met on the way need. A stack of its own, because histories can make such
    /// needs follow each other for thousands of steps.
    fn layout(&mut self, history: &History, tree: &Tree, wanted: Wanted<'_>) -> Layout {
        let mut markers = Markers { place: FxHashMap::default(), order: Vec::new() };
        let mut place = 0;
        for span in tree.spans() {
            if span.marker {
                markers.place.insert(span.id, place);
                markers.order.push(span.id);
            }
            place += span.len;
        }
        let joins: FxHashMap<Lv, Join> =
            self.events.values().filter_map(|event| Some((event.lv, event.join.clone()?))).collect();
        let mut needed: Vec<Lv> = Vec::new();
        loop {
            let current = needed.last().map_or(wanted, |lv| Wanted::Seen(*lv, &joins[lv]));
            match (self.fold(history, tree, &markers, current), needed.pop()) {
                (Ok(layout), None) => return layout,
                (Ok(layout), Some(lv)) => {
                    self.seen.insert(lv, Arc::new(layout));
                }
                (Err(need), popped) => needed.extend(popped.into_iter().chain([need])),
            }
        }
    }

    /// Folds the events of a version; fails with a join whose author's layout is needed first.
    fn fold(&self, history: &History, tree: &Tree, markers: &Markers, wanted: Wanted<'_>) -> Result<Layout, Lv> {
        let mut layout = Layout { list: vec![NONE], dead: FxHashSet::default() };
        // The markers folded so far, by their place in the sequence.
        let mut folded: BTreeMap<u32, Lv> = BTreeMap::new();
        for event in self.events.values() {
            let included = match wanted {
                Wanted::All => true,
                Wanted::Known(known) => knows(history, known, event.lv),
                Wanted::Seen(lv, join) => event.lv < lv && knows(history, &join.known, event.lv),
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
            let belongs = |layout: &Layout, entry: Lv, block: Lv| -> Result<bool, Lv> {
                Ok(layout.dead.contains(&entry)
                    || self.born_in(history, markers, event.lv, join, entry)?.is_some_and(|born| born == block))
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
            let run: Vec<Lv> = layout.list.drain(from..to).collect();
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
    fn born_in(&self, history: &History, markers: &Markers, lv: Lv, join: &Join, entry: Lv) -> Result<Option<Lv>, Lv> {
        let is_known = |marker: Lv| marker < lv && knows(history, &join.known, marker);
        if entry == NONE || is_known(entry) {
            return Ok(None);
        }
        let seen = self.seen.get(&lv).ok_or(lv)?;
        let at = markers.order.partition_point(|marker| markers.place[marker] < markers.place[&entry]);
        let nearest = markers.order[..at].iter().rev().copied().find(|&marker| is_known(marker));
        Ok(Some(nearest.map_or(NONE, |marker| seen.head(marker))))
    }
}
