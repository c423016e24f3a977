//! Moving the prepare version: what it has too much is retreated, what it lacks is advanced.

use super::*;

impl Walk {
    /// Advances an entry's events at the prepare version, or retreats them.
    pub(super) fn turn(&mut self, history: &History, ix: EntryIx, advance: bool) {
        let entry = history.entry(ix);
        self.know(history, ix, advance);
        let mut touched: Vec<Lv> = Vec::new();
        let watch = !self.disordered && !self.removed_prep.is_empty();
        // What came last is retreated first: a deletion before the insertion that it hit.
        let runs = entry.runs();
        let mut lv = if advance { entry.start } else { entry.end };
        for i in 0..runs.len() {
            let run = if advance { &runs[i] } else { &runs[runs.len() - 1 - i] };
            let count = run.count() as u32;
            if !advance {
                lv -= count;
            }
            match run {
                Event::Insert { .. } => self.tree.update(lv..lv + count, |span| {
                    span.prep = u32::from(advance);
                    if watch {
                        touched.push(span.id);
                    }
                }),
                Event::Delete { .. } => {
                    let first = self.deletions.partition_point(|deletion| deletion.event < lv);
                    for i in first..self.deletions.len() {
                        let Deletion { event, len, target, .. } = self.deletions[i];
                        if event >= lv + count {
                            break;
                        }
                        self.tree.update(target..target + len, |span| {
                            span.prep = if advance { span.prep + 1 } else { span.prep - 1 };
                            if watch {
                                touched.push(span.id);
                            }
                        });
                    }
                }
                Event::Join { .. } | Event::Remove { .. } => {
                    if let Some(&marker) = self.hits.get(&lv) {
                        touched.push(marker);
                        if matches!(run, Event::Join { .. }) {
                            self.tree.update(marker..marker + 1, |span| {
                                span.prep = if advance { span.prep + 1 } else { span.prep - 1 };
                            });
                        } else {
                            self.count_remove(marker, advance);
                        }
                    }
                }
                _ => {}
            }
            if advance {
                lv += count;
            }
        }
        if !self.disordered {
            for lv in touched {
                self.refresh_around(lv, View::Prepare);
            }
        }
    }

    pub(super) fn count_remove(&mut self, marker: Lv, advance: bool) {
        let state = self.markers.get_mut(&marker).expect("a marker of the sequence has its attributes");
        state.removes_prep = if advance { state.removes_prep + 1 } else { state.removes_prep - 1 };
        if state.removes_prep > 0 {
            self.removed_prep.insert(marker);
        } else {
            self.removed_prep.remove(&marker);
            self.tree.update(marker..marker + 1, |span| span.hidden_prep = false);
        }
    }
}
