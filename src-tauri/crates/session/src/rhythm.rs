//! When the folder is looked through: the decision alone, without anything that waits, so that the carrier's thread and a
//! simulation take the same one.
//!
//! Hints only make it sooner. They may not come at all, and may come without end: what bounds the time to the next scan
//! is the interval, and what bounds the number of scans is that a scan is never begun before the hints have been gathered
//! and as much time has passed as the last one took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The net under the watcher: a scan at least this often.
pub(crate) const INTERVAL: Duration = Duration::from_secs(15);
/// After a hint, more hints are waited for this long, so that a burst of files is one scan.
const GATHER: Duration = Duration::from_millis(30);
/// Where hints don't end, they are waited for this long.
const GATHER_MOST: Duration = Duration::from_millis(300);

/// What is known of scans and of reasons for one. Times are those of this run's monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Rhythm {
    /// Nothing is scanned before somebody asks.
    rests: bool,
    asked: bool,
    /// The first and the last hint since a scan was begun.
    hints: Option<(Duration, Duration)>,
    /// When the last scan was begun, and when it ended.
    last: Option<(Duration, Duration)>,
}

impl Rhythm {
    /// Nothing is scanned before somebody asks.
    pub fn resting() -> Self {
        Rhythm { rests: true, ..Rhythm::default() }
    }

    /// Something may have changed.
    pub fn hint(&mut self, now: Duration) {
        self.hints = Some((self.hints.map_or(now, |(first, _)| first), now));
    }

    /// Somebody waits for a scan that begins from now on.
    pub fn ask(&mut self) {
        (self.asked, self.rests) = (true, false);
    }

    /// How long it is until the next scan, if nothing happens meanwhile: zero for now, never more than [`INTERVAL`].
    pub fn due_in(&self, now: Duration) -> Duration {
        if self.asked {
            return Duration::ZERO;
        }
        if self.rests {
            return INTERVAL;
        }
        let Some((begun, ended)) = self.last else { return Duration::ZERO };
        let net = INTERVAL.saturating_sub(now.saturating_sub(ended));
        let Some((first, last)) = self.hints else { return net };
        let gathered = GATHER.saturating_sub(now.saturating_sub(last));
        let gathered = gathered.min(GATHER_MOST.saturating_sub(now.saturating_sub(first)));
        let pause = ended.saturating_sub(begun).saturating_sub(now.saturating_sub(ended));
        net.min(gathered.max(pause))
    }

    /// A scan begins. What is hinted at from now on is a reason for the next one.
    pub fn begin(&mut self, now: Duration) {
        (self.asked, self.hints) = (false, None);
        self.last = Some((now, now));
    }

    /// It has ended.
    pub fn end(&mut self, now: Duration) {
        self.last = self.last.map(|(begun, _)| (begun, now));
    }
}

/// A bell that is heard once, however often it was rung meanwhile: of a storm of hints one waits, not all. Clones are the
/// same bell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(Arc<AtomicBool>);

impl Bell {
    /// Rings it. True if nobody had rung it since it was last heard.
    pub fn ring(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// It is heard.
    pub fn hear(&self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// After a scan from 0 to `took` and hints at these times: how long it is at `now` until the next one.
    fn due(took: u64, hints: &[u64], now: u64) -> u64 {
        let mut rhythm = Rhythm::default();
        rhythm.begin(ms(0));
        rhythm.end(ms(took));
        hints.iter().for_each(|at| rhythm.hint(ms(*at)));
        rhythm.due_in(ms(now)).as_millis() as u64
    }

    #[test]
    fn when_the_folder_is_scanned() {
        let without_end: Vec<u64> = (1_000..1_280).collect();
        let table: &[(&str, u64, &[u64], u64, u64)] = &[
            ("nothing hints", 5, &[], 5, 15_000),
            ("nothing has hinted for long", 5, &[], 14_005, 1_000),
            ("nothing has hinted for too long", 5, &[], 99_000, 0),
            ("a hint", 5, &[1_000], 1_000, 30),
            ("a hint a while ago", 5, &[1_000], 1_030, 0),
            ("another hint", 5, &[1_000, 1_020], 1_030, 20),
            ("hints without end", 5, &without_end, 1_280, 20),
            ("a hint just before the interval is over", 5, &[15_000], 15_000, 5),
            ("a hint after a scan that took long", 8_000, &[8_100], 8_100, 7_900),
            ("a hint long after a scan that took long", 8_000, &[16_500], 16_500, 30),
        ];
        for (what, took, hints, now, expected) in table {
            assert_eq!(due(*took, hints, *now), *expected, "{what}");
        }
    }

    #[test]
    fn the_first_scan_is_due_at_once_unless_it_has_to_be_asked_for() {
        assert_eq!(Rhythm::default().due_in(ms(0)), ms(0));
        let mut rhythm = Rhythm::resting();
        rhythm.hint(ms(1));
        assert_eq!(rhythm.due_in(ms(99_000)), INTERVAL);
        rhythm.ask();
        assert_eq!(rhythm.due_in(ms(99_000)), ms(0));
        rhythm.begin(ms(99_000));
        rhythm.end(ms(99_000));
        assert_eq!(rhythm.due_in(ms(99_000)), INTERVAL);
    }

    #[test]
    fn what_is_asked_for_or_hinted_at_during_a_scan_is_a_reason_for_another() {
        let mut rhythm = Rhythm::default();
        rhythm.begin(ms(0));
        rhythm.hint(ms(1));
        rhythm.end(ms(2));
        assert_eq!(rhythm.due_in(ms(2)), ms(29));
        rhythm.ask();
        assert_eq!(rhythm.due_in(ms(2)), ms(0));
    }

    #[test]
    fn a_bell_is_heard_once() {
        let bell = Bell::default();
        assert!(bell.ring() && !bell.clone().ring());
        bell.hear();
        assert!(bell.ring());
    }
}
