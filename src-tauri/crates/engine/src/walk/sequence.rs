//! Where an element comes in among its siblings.

use super::*;

impl Walk {
    /// Where an element with this left origin comes in, and its right origin.
    pub(super) fn integrate(&self, history: &History, left: Lv, lv: Lv, is_marker: bool) -> (Cursor, Lv) {
        let mut cursor = self.tree.start();
        if left != NONE {
            cursor = self.tree.locate(left);
            cursor.offset += 1;
            let Some(span) = self.tree.span(cursor) else { return (cursor, NONE) };
            if cursor.offset < span.len {
                return (cursor, span.id + cursor.offset);
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
            if span.prep != 0 {
                right = span.id;
                break;
            }
            next = self.tree.next_span(cursor);
        }
        if next == first {
            return (here, right);
        }
        // Concurrent siblings and their descendants lie in between. Places count from 1 here, HEAD is 0.
        let place = |lv: Lv| if lv == NONE { 0 } else { u64::from(self.tree.place_of(lv)) + 1 };
        let right_place = |lv: Lv| if lv == NONE { u64::MAX } else { place(lv) };
        let (my_left, my_right) = (place(left), right_place(right));
        let tie = (is_marker, history.tie(lv));
        let (mut target, mut scanning) = (here, false);
        let mut other = first;
        while let Some(cursor) = other {
            let Some(span) = self.tree.span(cursor).filter(|span| span.prep == 0) else { break };
            match place(span.left).cmp(&my_left) {
                Ordering::Less => break,
                Ordering::Greater => {}
                Ordering::Equal if span.right == right => {
                    if tie < (span.marker, history.tie(span.id)) {
                        break;
                    }
                    scanning = false;
                }
                Ordering::Equal => scanning = right_place(span.right) < my_right,
            }
            if !scanning {
                target = Cursor { offset: span.len, ..cursor };
            }
            other = self.tree.next_span(cursor);
        }
        (target, right)
    }

    pub(super) fn element_after(&self, lv: Lv) -> Option<Lv> {
        let cursor = self.tree.locate(lv);
        let span = self.tree.span(cursor)?;
        if cursor.offset + 1 < span.len {
            return Some(lv + 1);
        }
        self.tree.next_span(cursor).and_then(|cursor| self.tree.span(cursor)).map(|span| span.id)
    }
}
