//! What is true of every document.

use std::collections::BTreeSet;

use super::Model;
use super::cancels::cancelled;
use super::layout::Effect;
use super::tree::{Element, HEAD};

impl Model {
    /// Fails if an element is shown twice, or isn't shown although nobody deleted it or took its insertion back.
    ///
    /// # Panics
    /// If so.
    pub fn assert_invariants(&self) {
        let all = self.version(self.by_id.keys().copied());
        let layout = self.layout(&all);
        let shown = layout.shown();
        let unique: BTreeSet<_> = shown.iter().copied().collect();
        assert_eq!(unique.len(), shown.len(), "an element is shown twice");
        assert_eq!(self.tree.order().len(), self.tree.elements().count() + 1, "S holds every element once");
        assert_eq!(self.tree.order().len(), self.taken_over.len(), "every element took over something or nothing");
        let in_list: BTreeSet<_> = layout.list.segments().collect();
        assert_eq!(in_list.len(), layout.list.segments().count(), "a segment stands in two places");
        assert_eq!(layout.list.segments().next(), Some(HEAD), "HEAD isn't first");
        assert!(!layout.list.dead.contains(&HEAD), "HEAD is lost");

        let off = cancelled(&self.cancels, &all);
        let held = |effects: &[Effect]| -> BTreeSet<Element> {
            effects.iter().filter(|(at, _)| !off.contains(at)).map(|&(_, x)| x).collect()
        };
        let (deleted, removed) = (held(&self.deletions), held(&self.removals));
        for x in self.tree.elements() {
            let origin = self.tree.origin(x);
            if self.tree.is_marker(x) {
                assert!(in_list.contains(&x), "a segment is lost");
                let may_hide = layout.list.dead.contains(&x) || removed.contains(&x);
                assert!(unique.contains(&x) || may_hide, "a block is lost");
            } else {
                let is_gone = deleted.contains(&x) || off.contains(&origin.at);
                assert_ne!(unique.contains(&x), is_gone, "a character is lost, or gone and shown");
            }
            let place = |x| self.tree.place(x);
            assert!(place(origin.left) < place(x), "an element stands before its left origin");
            assert!(origin.right.is_none_or(|right| place(x) < place(right)), "… or after its right one");
        }
    }
}
