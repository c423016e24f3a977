//! Edits of a page, as somebody does them who sees it. Positions count from 1; 0 is the place before everything.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Page;
use super::rope::{Item, Kind};
use super::style::{self, BlockStart, Held, Style};
use crate::event::Value;
use crate::history::Id;

impl Page {
    /// The style that something takes which comes in right after element `at`.
    pub(crate) fn style_after(&self, at: u32, is_marker: bool) -> Style {
        if !self.styled {
            return None;
        }
        let style = |index: Option<u32>| index.and_then(|index| self.rope.get(index)).map(|(item, _)| item.style());
        match (style(at.checked_sub(1)), style(Some(at))) {
            (None | Some(None), None | Some(None)) => None,
            (left, right) => style::inherited(left.unwrap_or(&None), right.unwrap_or(&None), is_marker),
        }
    }

    /// Remembers that there may be styles and removed markers from now on.
    pub(super) fn note(&mut self, item: &Item) {
        self.styled |= item.style().is_some();
        self.removals |= matches!(&item.kind, Kind::Marker(start) if start.removed);
    }

    /// Elements come in right after element `at`.
    pub(crate) fn insert(&mut self, at: u32, item: Item, text: &str) {
        let is_marker = item.is_marker();
        self.note(&item);
        self.rope.insert(at, std::slice::from_ref(&item), text);
        if is_marker {
            self.hide_if_empty(at);
        }
    }

    /// Text comes in right after element `at`, in runs of elements given by their first and their number.
    pub(crate) fn insert_runs(&mut self, at: u32, runs: &[(Id, u32)], text: &str) {
        let style = self.style_after(at, false);
        let items: SmallVec<[Item; 4]> = runs.iter().map(|&(id, len)| Item::text(id, len, style.clone())).collect();
        self.rope.insert(at, &items, text);
    }

    /// `len` elements from element `at` on go.
    pub(crate) fn delete(&mut self, at: u32, len: u32) {
        self.rope.remove(at - 1..at - 1 + len);
        self.hide_if_empty(at - 1);
    }

    /// How many characters from element `at` on surely follow each other with no marker between, `at` among them; 0 if it is a
    /// marker or not there.
    pub(crate) fn chars_from(&self, at: u32) -> u32 {
        let Some((item, within)) = at.checked_sub(1).and_then(|index| self.rope.get(index)) else { return 0 };
        if item.is_marker() { 0 } else { item.len - within }
    }

    /// The marker at `at` goes; its text flows to the block before.
    pub(crate) fn join(&mut self, at: u32) {
        self.rope.remove(at - 1..at);
        self.hide_if_empty(at - 1);
    }

    /// The marker at `at` is removed: the block goes if it is empty, and will when it is.
    pub(crate) fn remove(&mut self, at: u32) {
        self.removals = true;
        self.change_start(at, |start| start.removed = true);
        self.hide_if_empty(at);
    }

    /// The marker at `at`, if it is a removed one, goes if no text follows it.
    fn hide_if_empty(&mut self, at: u32) {
        let is_removed = self.removals && self.start_of(at).is_some_and(|start| start.removed);
        if is_removed && self.rope.get(at).is_none_or(|(next, _)| next.is_marker()) {
            self.rope.remove(at - 1..at);
        }
    }

    /// Sets an attribute of the block whose marker is at `at`, or takes it away.
    pub(crate) fn set_attribute(&mut self, at: u32, key: &str, value: Option<&Value>) {
        self.change_start(at, |start| {
            match value {
                Some(value) => start.attributes.insert(key.to_owned(), value.clone()),
                None => start.attributes.remove(key),
            };
        });
    }

    fn change_start(&mut self, at: u32, change: impl FnOnce(&mut BlockStart)) {
        let mut change = Some(change);
        let Some(index) = at.checked_sub(1) else { return };
        self.rope.change(index..at, |item| {
            if let (Kind::Marker(start), Some(change)) = (&mut item.kind, change.take()) {
                change(Arc::make_mut(start));
            }
        });
    }

    /// A mark on the elements from `first` to `last`; or none of that key any more.
    pub(crate) fn mark(&mut self, first: u32, last: u32, key: &str, mark: Option<(&Value, Held)>) {
        let mut known: Vec<(Style, Style)> = Vec::new();
        self.restyle(first, last, |old| {
            let is_it = |other: &Style| match (old, other) {
                (None, None) => true,
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                _ => false,
            };
            if let Some((_, new)) = known.iter().find(|(other, _)| is_it(other)) {
                return new.clone();
            }
            let new = style::with(old, key, mark);
            if known.len() < 8 {
                known.push((old.clone(), new.clone()));
            }
            new
        });
    }

    /// Another style for the elements from `first` to `last`.
    pub(crate) fn restyle(&mut self, first: u32, last: u32, mut change: impl FnMut(&Style) -> Style) {
        self.styled = true;
        let Some(from) = first.checked_sub(1) else { return };
        self.rope.change(from..last.min(self.len()), |item| match &mut item.kind {
            Kind::Text(style) => *style = change(style),
            Kind::Marker(start) => {
                let style = change(&start.style);
                if !style::same(&style, &start.style) {
                    Arc::make_mut(start).style = style;
                }
            }
        });
    }

    /// The blocks whose first marker is at `first` go behind the block whose marker is at `to`, or before all others.
    pub(crate) fn move_blocks(&mut self, first: u64, count: u64, to: u64) {
        let position = |at: u64| u32::try_from(at).ok().filter(|&at| at == 0 || self.is_marker(at));
        let (Some(first), Some(to)) = (position(first).filter(|&at| at > 0), position(to)) else { return };
        let Some(count) = u32::try_from(count).ok().filter(|&count| count > 0) else { return };
        let before = self.rope.prefix(first - 1).markers;
        let Some(after) = before.checked_add(count).filter(|&after| after <= self.rope.sum().markers) else { return };
        let end = self.rope.marker(after).unwrap_or(self.len());
        // To the end of its block.
        let to = self.marker_after(to).map_or(self.len(), |next| next - 1);
        if to < first - 1 || to > end {
            self.relocate(first, end, to);
        }
    }

    /// The elements from `first` to `last` move to right after element `to`, which lies outside.
    fn relocate(&mut self, first: u32, last: u32, to: u32) {
        let moved: Vec<(Item, String)> = self
            .pieces(first, last)
            .map(|piece| (Item { id: piece.id, len: piece.len, kind: piece.kind.clone() }, piece.text.to_owned()))
            .collect();
        let len = last + 1 - first;
        self.rope.remove(first - 1..last);
        let mut at = if to >= first { to - len } else { to };
        for (item, text) in moved {
            let len = item.len;
            self.rope.insert(at, &[item], &text);
            at += len;
        }
    }
}
