//! Where an element comes in among its siblings.

use super::*;

impl Window {
    /// Where an element with this left origin comes in, and its right origin.
    pub(super) fn integrate(&self, history: &History, left: Id, id: Id, is_marker: bool) -> (Cursor, Id) {
        let mut cursor = self.tree.start();
        if left != NONE {
            cursor = self.tree.locate(left);
            cursor.offset += 1;
            let Some(span) = self.tree.span(cursor) else { return (cursor, NONE) };
            if cursor.offset < span.len {
                return (cursor, span.id + Id::from(cursor.offset));
            }
        }
        let here = cursor;
        let following =
            move |cursor: Cursor| if cursor.offset == 0 { Some(cursor) } else { self.tree.next_span(cursor) };
        // The right origin is the first element that the author knew, deleted or not.
        let mut next = following(cursor).filter(|&cursor| self.tree.span(cursor).is_some());
        let first = next;
        let mut right = NONE;
        while let Some(cursor) = next {
            let Some(span) = self.tree.span(cursor) else { break };
            if span.prep.there {
                right = span.id;
                break;
            }
            next = self.tree.next_span(cursor);
        }
        if next == first {
            return (here, right);
        }
        // Concurrent siblings and their descendants lie in between. Places count from 1 here, HEAD is 0.
        let place = |id: Id| if id == NONE { 0 } else { u64::from(self.tree.place_of(id)) + 1 };
        let right_place = |id: Id| if id == NONE { u64::MAX } else { place(id) };
        let (my_left, my_right) = (place(left), right_place(right));
        let (mut target, mut scanning) = (here, false);
        let mut other = first;
        while let Some(cursor) = other {
            let Some(span) = self.tree.span(cursor).filter(|span| !span.prep.there) else { break };
            let is_sibling = span.left == left;
            if is_sibling && span.right == right {
                if comes_first(history, (is_marker, id), (span.marker, span.id)) {
                    break;
                }
                scanning = false;
            } else {
                match if is_sibling { Ordering::Equal } else { place(span.left).cmp(&my_left) } {
                    Ordering::Less => break,
                    Ordering::Greater => {}
                    Ordering::Equal => scanning = right_place(span.right) < my_right,
                }
            }
            if !scanning {
                target = Cursor { offset: span.len, ..cursor };
            }
            other = self.tree.next_span(cursor);
        }
        (target, right)
    }

    pub(super) fn element_after(&self, id: Id) -> Option<Id> {
        let cursor = self.tree.locate(id);
        let span = self.tree.span(cursor)?;
        if cursor.offset + 1 < span.len {
            return Some(id + 1);
        }
        self.tree.next_span(cursor).and_then(|cursor| self.tree.span(cursor)).map(|span| span.id)
    }
}

/// Whether the first of two siblings with equal origins, each given by whether it is a marker and by its id, stands first.
fn comes_first(history: &History, a: (bool, Id), b: (bool, Id)) -> bool {
    let order = (a.0, history.tie(a.1)).cmp(&(b.0, history.tie(b.1)));
    order.then_with(|| history.record_of(a.1).cmp(&history.record_of(b.1))) == Ordering::Less
}
