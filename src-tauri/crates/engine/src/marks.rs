//! Marks in the walk: which mark events cover an element, as sets that many spans share.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::event::{Attributes, End, Start, Value};
use crate::history::{Lv, OrderKey};

/// A set of mark events, by number. 0 is the empty set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct SetId(u32);

/// A mark event, its ends resolved to elements of the sequence.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// The last covered element.
    pub last: Lv,
    pub start: Start,
    pub end: End,
    pub key: String,
    pub value: Option<Value>,
    pub order: OrderKey,
}

/// All mark events met so far, and the sets of them that spans name.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    marks: FxHashMap<Lv, Mark>,
    sets: Vec<Arc<[Lv]>>,
    by_members: FxHashMap<Arc<[Lv]>, SetId>,
    shown: Vec<Option<Arc<Attributes>>>,
}

impl Default for Marks {
    fn default() -> Self {
        let empty: Arc<[Lv]> = Arc::new([]);
        Marks {
            marks: FxHashMap::default(),
            sets: vec![empty.clone()],
            by_members: FxHashMap::from_iter([(empty, SetId(0))]),
            shown: vec![None],
        }
    }
}

impl Marks {
    pub fn add(&mut self, lv: Lv, mark: Mark) {
        self.marks.insert(lv, mark);
    }

    pub fn get(&self, lv: Lv) -> &Mark {
        &self.marks[&lv]
    }

    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    pub fn members(&self, set: SetId) -> &Arc<[Lv]> {
        &self.sets[set.0 as usize]
    }

    pub fn contains(&self, set: SetId, mark: Lv) -> bool {
        self.members(set).binary_search(&mark).is_ok()
    }

    /// The set with exactly these members.
    pub fn set(&mut self, mut members: Vec<Lv>) -> SetId {
        members.sort_unstable();
        members.dedup();
        if let Some(&id) = self.by_members.get(members.as_slice()) {
            return id;
        }
        let members: Arc<[Lv]> = members.into();
        let id = SetId(self.sets.len() as u32);
        self.sets.push(members.clone());
        self.shown.push(None);
        self.by_members.insert(members, id);
        id
    }

    pub fn with(&mut self, set: SetId, mark: Lv) -> SetId {
        if self.contains(set, mark) {
            return set;
        }
        let mut members = self.members(set).to_vec();
        members.push(mark);
        self.set(members)
    }

    /// What a set shows: for each key the value of the last mark in order, unless that takes the mark away.
    pub fn shown(&mut self, set: SetId) -> Arc<Attributes> {
        if let Some(shown) = &self.shown[set.0 as usize] {
            return shown.clone();
        }
        let mut last: FxHashMap<&str, &Mark> = FxHashMap::default();
        for lv in self.sets[set.0 as usize].iter() {
            let mark = &self.marks[lv];
            let entry = last.entry(&mark.key).or_insert(mark);
            if mark.order > entry.order {
                *entry = mark;
            }
        }
        let attributes: Attributes =
            last.into_iter().filter_map(|(key, mark)| Some((key.to_owned(), mark.value.clone()?))).collect();
        let shown = Arc::new(attributes);
        self.shown[set.0 as usize] = Some(shown.clone());
        shown
    }
}
