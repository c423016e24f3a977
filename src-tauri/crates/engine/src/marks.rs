//! Marks in the walk: which mark events cover an element, as sets that many spans share.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::event::{End, Start, Value};
use crate::history::{History, Id, Known, OrderKey};
use crate::page::style::{Held, Like, Shown, Style, like};

/// A set of mark events, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct SetId(u32);

impl SetId {
    pub const EMPTY: SetId = SetId(0);
}

/// A mark event, its ends resolved to elements of the sequence.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub start: Start,
    pub end: End,
    pub key: Arc<str>,
    pub value: Option<Value>,
    pub order: OrderKey,
}

impl Mark {
    fn held(&self, id: Id) -> Held {
        Held { mark: id, start: self.start, end: self.end }
    }
}

/// A set as another one and one mark more, so that a mark on top of many costs no more than the first.
#[derive(Debug, Clone)]
struct Set {
    rest: SetId,
    mark: Id,
    /// For each key the greatest mark that counts, worked out when it is asked for.
    greatest: Option<Greatest>,
    style: Option<Style>,
}

type Greatest = Arc<BTreeMap<Arc<str>, Id>>;

/// All mark events met so far, and the sets of them that spans name.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    marks: FxHashMap<Id, Mark>,
    sets: Vec<Set>,
    /// Sets by what they were made of.
    made: FxHashMap<(SetId, Id), SetId>,
    /// The sets that stand for what a page showed, by address; what is there is kept, so that it stays.
    of_shown: FxHashMap<usize, (Arc<Shown>, SetId)>,
    /// Cancelled marks, at the prepare and at the effect version.
    void_prep: FxHashSet<Id>,
    void: FxHashSet<Id>,
}

impl Default for Marks {
    fn default() -> Self {
        let empty = Set { rest: SetId::EMPTY, mark: Id::MAX, greatest: Some(Arc::default()), style: Some(None) };
        Marks {
            marks: FxHashMap::default(),
            sets: vec![empty],
            made: FxHashMap::default(),
            of_shown: FxHashMap::default(),
            void_prep: FxHashSet::default(),
            void: FxHashSet::default(),
        }
    }
}

impl Marks {
    pub fn add(&mut self, id: Id, mark: Mark) {
        self.marks.insert(id, mark);
    }

    pub fn get(&self, id: Id) -> &Mark {
        &self.marks[&id]
    }

    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// The marks of a set, the one that came last first.
    pub fn members(&self, set: SetId) -> impl Iterator<Item = Id> + '_ {
        let mut set = set;
        std::iter::from_fn(move || {
            if set == SetId::EMPTY {
                return None;
            }
            let Set { rest, mark, .. } = self.sets[set.0 as usize];
            set = rest;
            Some(mark)
        })
    }

    pub fn contains(&self, set: SetId, mark: Id) -> bool {
        self.members(set).any(|member| member == mark)
    }

    pub fn with(&mut self, set: SetId, mark: Id) -> SetId {
        if let Some(&made) = self.made.get(&(set, mark)) {
            return made;
        }
        let made = if self.contains(set, mark) {
            set
        } else {
            self.sets.push(Set { rest: set, mark, greatest: None, style: None });
            SetId(self.sets.len() as u32 - 1)
        };
        self.made.insert((set, mark), made);
        made
    }

    /// The set that stands for what a page shows.
    pub fn of_style(&mut self, history: &History, style: &Style) -> SetId {
        let Some(shown) = style else { return SetId::EMPTY };
        let address = Arc::as_ptr(shown) as usize;
        if let Some((_, set)) = self.of_shown.get(&address) {
            return *set;
        }
        let mut set = SetId::EMPTY;
        for (key, value, held) in shown.iter() {
            self.marks.entry(held.mark).or_insert_with(|| Mark {
                start: held.start,
                end: held.end,
                key: key.as_str().into(),
                value: Some(value.clone()),
                order: history.order_key(held.mark),
            });
            set = self.with(set, held.mark);
        }
        self.of_shown.insert(address, (shown.clone(), set));
        set
    }

    /// For each key the greatest mark of a set that counts at the effect version.
    fn greatest(&mut self, set: SetId) -> Greatest {
        // Down to a set whose answer is known, and up again.
        let mut chain = Vec::new();
        let mut at = set;
        let mut greatest = loop {
            match &self.sets[at.0 as usize].greatest {
                Some(greatest) => break greatest.clone(),
                None => chain.push(at),
            }
            at = self.sets[at.0 as usize].rest;
        };
        for set in chain.into_iter().rev() {
            let id = self.sets[set.0 as usize].mark;
            let mark = &self.marks[&id];
            let wins = greatest.get(&mark.key).is_none_or(|other| self.marks[other].order < mark.order);
            if wins && !self.void.contains(&id) {
                Arc::make_mut(&mut greatest).insert(mark.key.clone(), id);
            }
            self.sets[set.0 as usize].greatest = Some(greatest.clone());
        }
        greatest
    }

    /// What a set shows at the effect version.
    pub fn style(&mut self, set: SetId) -> Style {
        if let Some(style) = &self.sets[set.0 as usize].style {
            return style.clone();
        }
        let greatest = self.greatest(set);
        let shown: Shown = greatest
            .iter()
            .filter_map(|(key, id)| {
                let mark = &self.marks[id];
                Some((key.to_string(), mark.value.clone()?, mark.held(*id)))
            })
            .collect();
        let style: Style = (!shown.marks.is_empty()).then(|| Arc::new(shown));
        self.sets[set.0 as usize].style = Some(style.clone());
        style
    }

    /// The mark of a key that a set shows at the prepare version.
    fn held(&self, set: SetId, key: &str, known: &Known) -> Option<Held> {
        let counts = |id: &Id| known.has(*id) && !self.void_prep.contains(id) && *self.marks[id].key == *key;
        let id = self.members(set).filter(counts).max_by_key(|id| self.marks[id].order)?;
        let mark = &self.marks[&id];
        mark.value.is_some().then(|| mark.held(id))
    }

    /// What an insertion at the prepare version takes over from its neighbours there (FORMAT.md, section 5).
    pub fn taken_over(&mut self, left: SetId, right: SetId, is_marker: bool, known: &Known) -> SetId {
        let all_known = |marks: &Marks, set: SetId| marks.members(set).all(|id| known.has(id));
        if left == right && all_known(self, left) {
            return left;
        }
        let mut keys: Vec<Arc<str>> =
            self.members(left).chain(self.members(right)).map(|id| self.marks[&id].key.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        let sides: Vec<(Arc<str>, Like)> = keys
            .into_iter()
            .map(|key| {
                let side = like(self.held(left, &key, known), self.held(right, &key, known), is_marker);
                (key, side)
            })
            .collect();
        if sides.iter().all(|(_, side)| *side == Like::Left) && all_known(self, left) {
            return left;
        }
        let mut set = SetId::EMPTY;
        for (key, side) in sides {
            let from = match side {
                Like::Left => left,
                Like::Right => right,
                Like::Neither => continue,
            };
            let taken: Vec<Id> = self.members(from).filter(|id| known.has(*id) && self.marks[id].key == key).collect();
            for id in taken.into_iter().rev() {
                set = self.with(set, id);
            }
        }
        set
    }

    /// Cancels a mark at the prepare version, or lets it count again.
    pub fn set_void_prep(&mut self, id: Id, void: bool) {
        if void {
            self.void_prep.insert(id);
        } else {
            self.void_prep.remove(&id);
        }
    }

    /// Cancels a mark at the effect version, or lets it count again.
    pub fn set_void(&mut self, id: Id, void: bool) {
        let changed = if void { self.void.insert(id) } else { self.void.remove(&id) };
        if changed {
            for set in self.sets.iter_mut().skip(1) {
                (set.greatest, set.style) = (None, None);
            }
        }
    }
}
