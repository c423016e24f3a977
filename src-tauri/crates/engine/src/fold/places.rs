//! Questions to the tracker about what the page doesn't show.

use super::Fold;
use crate::history::{EntryIx, History};
use crate::walk::Window;

impl Fold {
    /// Asks a tracker that began at or before an entry and has folded everything. Where the one at hand began later, another takes
    /// its place, from a page that is kept.
    pub fn with_tracker<T>(&mut self, history: &History, since: EntryIx, ask: impl FnOnce(&mut Window) -> T) -> T {
        let reaches = |window: &Window| history.is_critical(window.base.count) && window.base.count <= since;
        self.settle(history);
        let mut window = match self.window.take() {
            Some(window) if reaches(&window) => window,
            _ => {
                self.saves.retain(|save| history.is_critical(save.count));
                let save = self.saves.iter().rposition(|save| save.count <= since).unwrap_or(0);
                Box::new(Window::new(history, self.saves[save].clone()))
            }
        };
        self.complete(history, &mut window);
        ask(self.window.insert(window))
    }

    /// Folds what a tracker lacks, without drawing it.
    pub(super) fn complete(&self, history: &History, window: &mut Window) {
        // The registers are as they should be already.
        let mut registers = self.registers.clone();
        let mut next = window.folded().0;
        while next < self.count {
            window.fold(history, (next, history.entry(next).len), None, &mut registers);
            next += 1;
        }
        if self.done > 0 {
            window.fold(history, (self.count, self.done), None, &mut registers);
        }
    }
}
