//! Moving the prepare version: what it has too much is retreated, what it lacks is advanced.

use super::*;

impl Window {
    pub(super) fn move_to(&mut self, version: Known) {
        let mut touched: Vec<Id> = Vec::new();
        for advance in [false, true] {
            for line in 0..self.prep.0.len().max(version.0.len()) as u32 {
                let (now, then) = (self.prep.count(line), version.count(line));
                if (advance && now < then) || (!advance && now > then) {
                    self.turn(line, now.min(then)..now.max(then), advance, &mut touched);
                }
            }
        }
        self.prep = version;
        if !self.disordered && !self.removed_prep.is_empty() {
            for id in touched {
                self.refresh_around(id, View::Prepare);
            }
        }
    }

    /// Advances events of a line at the prepare version, or retreats them.
    fn turn(&mut self, line: u32, seqs: Range<u32>, advance: bool, touched: &mut Vec<Id>) {
        let watch = !self.disordered && !self.removed_prep.is_empty();
        self.tree.update(id_of(line, seqs.start)..id_of(line, seqs.end), |span| {
            span.prep.there = advance;
            if watch {
                touched.push(span.id);
            }
        });
        let Some(log) = self.lines.get(line as usize) else { return };
        let first = log.deletions.partition_point(|deletion| deletion.seq < seqs.start);
        let end = log.deletions.partition_point(|deletion| deletion.seq < seqs.end);
        for i in first..end {
            let deletion = self.lines[line as usize].deletions[i];
            for target in self.cancels.counting(line, deletion, View::Prepare) {
                self.count_deletion(target, View::Prepare, advance, touched);
            }
        }
        let hits = &self.lines[line as usize].hits;
        let (first, end) =
            (hits.partition_point(|hit| hit.0 < seqs.start), hits.partition_point(|hit| hit.0 < seqs.end));
        for i in first..end {
            let (seq, hit) = self.lines[line as usize].hits[i].clone();
            let id = id_of(line, seq);
            match hit {
                Hit::Join(marker) => self.count_deletion(marker..marker + 1, View::Prepare, advance, touched),
                Hit::Remove(marker) => {
                    if !self.cancels.is_off(id, View::Prepare) {
                        self.count_remove(marker, View::Prepare, advance);
                        touched.push(marker);
                    }
                }
                Hit::Cancel(ranges) => self.turn_cancel(id, &ranges, advance, touched),
                Hit::Mark | Hit::Register(_) => {}
            }
        }
        // What is cancelled asks what is known, so it must be right line by line.
        if self.prep.0.len() <= line as usize {
            self.prep.0.resize(line as usize + 1, 0);
        }
        self.prep.0[line as usize] = if advance { seqs.end } else { seqs.start };
    }

    /// A deletion or a join of elements counts from now on, or no longer.
    pub(super) fn count_deletion(&mut self, targets: Range<Id>, view: View, counts: bool, touched: &mut Vec<Id>) {
        self.tree.update(targets, |span| {
            let state = span.at_mut(view);
            state.gone = if counts { state.gone + 1 } else { state.gone - 1 };
            touched.push(span.id);
        });
    }

    /// A remove of a marker counts from now on, or no longer.
    pub(super) fn count_remove(&mut self, marker: Id, view: View, counts: bool) {
        let state = self.markers.get_mut(&marker).expect("a marker of the sequence has its attributes");
        let (removes, removed) = match view {
            View::Prepare => (&mut state.removes_prep, &mut self.removed_prep),
            View::Effect => (&mut state.removes, &mut self.removed),
        };
        *removes = if counts { *removes + 1 } else { *removes - 1 };
        if *removes > 0 {
            removed.insert(marker);
        } else if removed.remove(&marker) {
            self.tree.update(marker..marker + 1, |span| span.at_mut(view).hidden = false);
        }
    }
}
