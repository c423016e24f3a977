//! What stands on a page's elements: the marks that show on them, and what begins a block.

use std::sync::Arc;

use crate::event::{Attributes, End, Start, Value};
use crate::history::Id;

/// The marks that show on an element. None of them: no style at all.
pub(crate) type Style = Option<Arc<Shown>>;

/// At least one mark that shows. There is one for each key, the greatest of those that cover the element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Keys and values.
    pub attributes: Attributes,
    /// The mark event behind each key, in the order of the keys.
    pub marks: Vec<Held>,
}

/// A mark event, and how it treats insertions at its edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Held {
    pub mark: Id,
    pub start: Start,
    pub end: End,
}

impl Shown {
    pub fn held(&self, key: &str) -> Option<&Held> {
        let place = self.attributes.keys().position(|held| held == key)?;
        self.marks.get(place)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value, &Held)> {
        self.attributes.iter().zip(&self.marks).map(|((key, value), held)| (key, value, held))
    }
}

impl FromIterator<(String, Value, Held)> for Shown {
    /// The keys must differ and ascend.
    fn from_iter<T: IntoIterator<Item = (String, Value, Held)>>(marks: T) -> Self {
        let mut shown = Shown { attributes: Attributes::new(), marks: Vec::new() };
        for (key, value, held) in marks {
            shown.attributes.insert(key, value);
            shown.marks.push(held);
        }
        shown
    }
}

/// The attributes that a style shows.
pub(crate) fn attributes(style: &Style) -> &Attributes {
    static PLAIN: Attributes = Attributes::new();
    style.as_ref().map_or(&PLAIN, |shown| &shown.attributes)
}

pub(crate) fn same(a: &Style, b: &Style) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
        _ => false,
    }
}

/// A style with a mark set on it, or with none of that key.
pub(crate) fn with(style: &Style, key: &str, mark: Option<(&Value, Held)>) -> Style {
    let others = style.iter().flat_map(|shown| shown.iter()).filter(|(held, ..)| *held != key);
    let mut marks: Vec<(String, Value, Held)> =
        others.map(|(key, value, held)| (key.clone(), value.clone(), *held)).collect();
    if let Some((value, held)) = mark {
        let place = marks.partition_point(|(other, ..)| other.as_str() < key);
        marks.insert(place, (key.to_owned(), value.clone(), held));
    }
    (!marks.is_empty()).then(|| Arc::new(marks.into_iter().collect()))
}

/// Which neighbour an insertion is like, for one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Like {
    Left,
    Right,
    Neither,
}

/// Which neighbour's marks of one key an insertion takes over, given the marks that show on the two (FORMAT.md, section 5).
pub(crate) fn like(left: Option<Held>, right: Option<Held>, is_marker: bool) -> Like {
    if left.map(|held| held.mark) == right.map(|held| held.mark) {
        return Like::Left;
    }
    if left.is_some_and(|held| held.end == End::Open || (held.end == End::Grows && !is_marker)) {
        return Like::Left;
    }
    if right.is_some_and(|held| held.start == Start::After && !is_marker) {
        return Like::Right;
    }
    match (left, right) {
        (None, _) => Like::Left,
        (_, None) => Like::Right,
        _ => Like::Neither,
    }
}

/// The style of an insertion between two elements.
pub(crate) fn inherited(left: &Style, right: &Style, is_marker: bool) -> Style {
    let (Some(a), Some(b)) = (left, right) else {
        let (Some(only), is_left) = (match (left, right) {
            (Some(a), _) => (Some(a), true),
            (_, b) => (b.as_ref(), false),
        }) else {
            return None;
        };
        let keeps = |held: &Held| {
            let (left, right) = if is_left { (Some(*held), None) } else { (None, Some(*held)) };
            like(left, right, is_marker) == if is_left { Like::Left } else { Like::Right }
        };
        if only.marks.iter().all(keeps) {
            return Some(only.clone());
        }
        let kept = only.iter().filter(|(.., held)| keeps(held));
        let kept: Vec<_> = kept.map(|(key, value, held)| (key.clone(), value.clone(), *held)).collect();
        return (!kept.is_empty()).then(|| Arc::new(kept.into_iter().collect()));
    };
    if Arc::ptr_eq(a, b) || a == b {
        return left.clone();
    }
    let mut keys: Vec<&String> = a.attributes.keys().chain(b.attributes.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let kept = keys.into_iter().filter_map(|key| {
        let (left, right) = (a.held(key).copied(), b.held(key).copied());
        let (side, held) = match like(left, right, is_marker) {
            Like::Left => (a, left?),
            Like::Right => (b, right?),
            Like::Neither => return None,
        };
        Some((key.clone(), side.attributes[key].clone(), held))
    });
    let kept: Vec<_> = kept.collect();
    (!kept.is_empty()).then(|| Arc::new(kept.into_iter().collect()))
}

/// What begins a block: a marker as shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BlockStart {
    pub attributes: Attributes,
    /// The marker was removed: the block is shown only as long as it has text.
    pub removed: bool,
    pub style: Style,
}
