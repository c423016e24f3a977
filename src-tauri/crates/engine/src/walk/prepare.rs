//! Moving the prepare version: what it has too much is retreated, what it lacks is advanced.

use super::*;

impl Window {
    pub(super) fn move_to(&mut self, version: Known) {
        if self.prep == version {
            return;
        }
        self.leave();
        let mut touched: Vec<Id> = Vec::new();
        let differences = self.prep.differences(&version);
        for advance in [false, true] {
            for &(line, now, then) in &differences {
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
        // What a cancel names counts before it: it is advanced after that, and retreated first.
        if !advance {
            self.turn_hits(line, seqs.clone(), false, touched);
        }
        self.turn_deletions(line, seqs.clone(), advance, touched);
        self.prep.set(line, if advance { seqs.end } else { seqs.start });
        if advance {
            self.turn_hits(line, seqs, true, touched);
        }
    }

    fn turn_deletions(&mut self, line: u32, seqs: Range<u32>, advance: bool, touched: &mut Vec<Id>) {
        let Some(log) = self.lines.get(line as usize) else { return };
        let first = log.deletions.partition_point(|deletion| deletion.seq < seqs.start);
        let end = log.deletions.partition_point(|deletion| deletion.seq < seqs.end);
        for i in first..end {
            let deletion = self.lines[line as usize].deletions[i];
            for target in self.cancels.counting(line, deletion, View::Prepare) {
                self.count_deletion(target, View::Prepare, advance, touched);
            }
        }
    }

    fn turn_hits(&mut self, line: u32, seqs: Range<u32>, advance: bool, touched: &mut Vec<Id>) {
        let Some(log) = self.lines.get(line as usize) else { return };
        let first = log.hits.partition_point(|hit| hit.0 < seqs.start);
        let end = log.hits.partition_point(|hit| hit.0 < seqs.end);
        let turned = id_of(line, seqs.start)..id_of(line, seqs.end);
        for i in 0..end - first {
            let i = if advance { first + i } else { end - 1 - i };
            let (seq, hit) = self.lines[line as usize].hits[i].clone();
            match hit {
                Hit::Join(marker) => {
                    self.count_deletion(marker..marker + 1, View::Prepare, advance, touched);
                    self.note_hidden(marker);
                }
                Hit::Remove(marker) => {
                    if !self.cancels.is_off(id_of(line, seq), View::Prepare) {
                        self.count_remove(marker, View::Prepare, advance);
                        touched.push(marker);
                    }
                }
                Hit::Cancel(ranges) => self.turn_cancel(&ranges, (&turned, advance), touched),
                Hit::Mark | Hit::Register(_) => {}
            }
        }
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
            self.note_hidden(marker);
        }
    }
}
