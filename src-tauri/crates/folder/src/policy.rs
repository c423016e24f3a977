//! When to write a file, which files to merge, which may go. Pure functions: the caller brings times and lists.

use std::cmp::Reverse;
use std::ops::Range;
use std::time::Duration;

use crate::scan::OwnSeen;
use crate::segment::{FileHash, MAX_RECORDS, MAX_SEGMENT_BYTES, segment_name};

/// Somebody who wrote within this time is there to see what we write.
pub const ACTIVE: Duration = Duration::from_secs(5 * 60);
/// In company: how long after the first unflushed key.
pub const COMPANY_FIRST: Duration = Duration::from_millis(200);
/// In company: the least time between two flushes.
pub const COMPANY_GAP: Duration = Duration::from_secs(1);
/// Alone: how long after the last key.
pub const ALONE_PAUSE: Duration = Duration::from_secs(10);
/// Alone: how long after the first unflushed key, however much is typed.
pub const ALONE_MOST: Duration = Duration::from_secs(60);
/// How many files of a tier make one of the next.
pub const FAN: usize = 8;
/// Files of more bytes than this stay as they are: eight of them might not fit in one.
pub const FINAL_BYTES: usize = MAX_SEGMENT_BYTES / FAN;
/// Fewer segment files than this are read quickly enough without a checkpoint.
pub const CHECKPOINT_FILES: usize = 64;
/// How long a merged file has to have been in the folder before what it covers may go.
pub const SETTLED: Duration = Duration::from_secs(24 * 3600);

/// What decides when to flush. All times are by the monotonic clock of this run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Typing {
    /// Time since the first key that no file holds; `None` when there is none.
    pub since_first: Option<Duration>,
    /// Time since the last key.
    pub since_last: Duration,
    /// Time since the last flush; `None` when there was none in this run.
    pub since_flush: Option<Duration>,
    /// Time since another replica's counter rose; `None` when none did in this run.
    pub since_other: Option<Duration>,
    /// The document is left, the window closes, or the program ends.
    pub leaving: bool,
}

/// How long to wait with the next flush: zero for now, `None` when there is nothing to flush.
pub fn flush_in(typing: &Typing) -> Option<Duration> {
    let since_first = typing.since_first?;
    if typing.leaving {
        return Some(Duration::ZERO);
    }
    let company = typing.since_other.is_some_and(|since| since < ACTIVE);
    Some(if company {
        let gap = typing.since_flush.map_or(Duration::ZERO, |since| COMPANY_GAP.saturating_sub(since));
        COMPANY_FIRST.saturating_sub(since_first).max(gap)
    } else {
        ALONE_PAUSE.saturating_sub(typing.since_last).min(ALONE_MOST.saturating_sub(since_first))
    })
}

/// A file that this replica wrote on its present branch, as its database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFile {
    /// Its hash.
    pub hash: FileHash,
    /// Number of its first record.
    pub first: u64,
    /// Number of its last record.
    pub last: u64,
    /// Its size in bytes.
    pub size: usize,
    /// How long ago, by this run's monotonic clock, a complete scan first read it back from the folder; `None` if none
    /// did, or if the last complete scan no longer found it.
    pub read_back: Option<Duration>,
    /// Another replica's acknowledgement names it.
    pub acknowledged: bool,
    /// It stays as it is: with those that follow it, it was more than fits in one file.
    pub stays: bool,
}

impl OwnFile {
    /// The file that a scan saw in our own directory, if it is whole: its name must be the one that its content gives
    /// it. What is said of the range can then be believed, for nobody but this installation made that name.
    pub fn seen(name: &str, seen: &OwnSeen) -> Option<OwnFile> {
        let hash = seen.hash?;
        let (first, rest) = name.split_once('-')?;
        let (first, last) = (first.parse().ok()?, rest.split_once('-')?.0.parse().ok()?);
        let size = usize::try_from(seen.size).ok()?;
        (segment_name(first, last, &hash) == name && 0 < first && first <= last).then_some(OwnFile {
            hash,
            first,
            last,
            size,
            read_back: None,
            acknowledged: false,
            stays: false,
        })
    }

    /// Files with at least 8ᵗ records are of tier t. A merged file is always of a higher tier than any of its parts,
    /// so no record is written more often than there are tiers.
    fn tier(&self) -> u32 {
        (self.last - self.first + 1).ilog(FAN as u64)
    }
}

/// In an order in which every file comes after those that cover it: they begin no later, and end no sooner. Of two files
/// with the same records one has to be the one that stays.
fn covering_first(files: &[OwnFile]) -> Vec<&OwnFile> {
    let mut sorted: Vec<&OwnFile> = files.iter().collect();
    sorted.sort_unstable_by_key(|file| (file.first, Reverse(file.last), file.hash));
    sorted
}

/// Which files to merge next: at least eight that follow each other, oldest first; `None` when there is nothing to do.
/// Ask again after each merge.
pub fn next_merge(files: &[OwnFile]) -> Option<Vec<FileHash>> {
    // Of those that another one covers, only that one counts.
    let mut current = covering_first(files);
    let mut covered_to = 0;
    current.retain(|file| {
        let is_covered = file.last <= covered_to;
        covered_to = covered_to.max(file.last);
        !is_covered
    });
    let tiers = MAX_RECORDS.ilog(FAN as u64);
    for tier in 0..=tiers {
        let fits = |file: &OwnFile| file.tier() <= tier && file.size <= FINAL_BYTES && !file.stays;
        let mut start = 0;
        while start < current.len() {
            let mut end = start;
            while end < current.len()
                && fits(current[end])
                && (end == start || current[end].first == current[end - 1].last + 1)
            {
                end += 1;
            }
            if let Some(run) = merge_within(&current[start..end], tier) {
                return Some(run.iter().map(|file| file.hash).collect());
            }
            start = end.max(start + 1);
        }
    }
    None
}

/// The shortest beginning of a run of files that makes a file of a higher tier, or fills one.
fn merge_within<'a, 'b>(run: &'a [&'b OwnFile], tier: u32) -> Option<&'a [&'b OwnFile]> {
    let (mut bytes, mut records) = (0, 0);
    for (i, file) in run.iter().enumerate() {
        bytes += file.size;
        records += file.last - file.first + 1;
        if bytes > MAX_SEGMENT_BYTES || records > MAX_RECORDS {
            return (i >= FAN).then(|| &run[..i]);
        }
        if i + 1 >= FAN && records >= (FAN as u64).pow(tier + 1) {
            return Some(&run[..=i]);
        }
    }
    None
}

/// Which files may go: those covered by one that is safe, because another replica acknowledged it, or because it was
/// read back from the folder and has been there for a day. A restart counts from zero.
pub fn deletable(files: &[OwnFile]) -> Vec<FileHash> {
    let (mut safe_to, mut gone) = (0, Vec::new());
    for file in covering_first(files) {
        if file.last <= safe_to {
            gone.push(file.hash);
        }
        if file.acknowledged || file.read_back.is_some_and(|since| since >= SETTLED) {
            safe_to = safe_to.max(file.last);
        }
    }
    gone
}

/// Whether somebody should write a checkpoint of so many segment files of so many bytes, where there are checkpoints of
/// `there` bytes: whoever wrote them, all of them together never come to more than half as much again as the segments once had.
pub fn is_worth_a_checkpoint(files: usize, bytes: u64, there: u64) -> bool {
    files >= CHECKPOINT_FILES && bytes >= there.saturating_mul(2)
}

/// Which numbers, of those from 1 to `last`, no file holds: they have to be published again.
pub fn missing(files: &[OwnFile], last: u64) -> Vec<Range<u64>> {
    let mut ranges: Vec<(u64, u64)> = files.iter().map(|file| (file.first, file.last)).collect();
    ranges.sort_unstable();
    let (mut gaps, mut next) = (Vec::new(), 1);
    for (first, end) in ranges {
        if first > next {
            gaps.push(next..first.min(last + 1));
        }
        next = next.max(end + 1);
    }
    if next <= last {
        gaps.push(next..last + 1);
    }
    gaps.retain(|gap| gap.start < gap.end);
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn when_to_flush() {
        let typing = |first, last, flush, other| Typing {
            since_first: Some(ms(first)),
            since_last: ms(last),
            since_flush: flush,
            since_other: other,
            leaving: false,
        };
        let company = Some(ms(299_000));
        let table = [
            ("alone, just typed", typing(500, 0, None, None), 10_000),
            ("alone, a pause", typing(12_000, 10_000, None, None), 0),
            ("alone, half a pause", typing(12_000, 5_000, None, None), 5_000),
            ("alone, typing on and on", typing(59_000, 10, None, None), 1_000),
            ("alone, typing even longer", typing(70_000, 10, None, None), 0),
            ("the other left", typing(500, 0, None, Some(ACTIVE)), 10_000),
            ("in company, first key", typing(0, 0, None, company), 200),
            ("in company, soon", typing(150, 0, None, company), 50),
            ("in company, due", typing(200, 0, None, company), 0),
            ("in company, flushed just now", typing(200, 0, Some(ms(300)), company), 700),
            ("in company, flushed a while ago", typing(200, 0, Some(ms(3000)), company), 0),
        ];
        for (what, typing, expected) in table {
            assert_eq!(flush_in(&typing), Some(ms(expected)), "{what}");
            assert_eq!(flush_in(&Typing { leaving: true, ..typing }), Some(ms(0)), "leaving: {what}");
        }
        assert_eq!(flush_in(&Typing { leaving: true, ..Typing::default() }), None);
    }

    fn file(first: u64, last: u64) -> OwnFile {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&first.to_be_bytes());
        hash[8..16].copy_from_slice(&last.to_be_bytes());
        let size = 300 + 40 * (last - first + 1) as usize;
        OwnFile { hash: FileHash(hash), first, last, size, read_back: None, acknowledged: false, stays: false }
    }

    #[test]
    fn eight_of_a_tier_become_one_and_no_record_is_written_more_than_seven_times() {
        assert_eq!(next_merge(&(1..8).map(|i| file(i, i)).collect::<Vec<_>>()), None);
        let eight: Vec<_> = (1..9).map(|i| file(i, i)).collect();
        assert_eq!(next_merge(&eight).map(|run| run.len()), Some(8));
        // A gap ends a run.
        assert_eq!(next_merge(&[&eight[..4], &eight[5..]].concat()), None);
        // So does a file that stays.
        let mut stays = eight.clone();
        stays[7].stays = true;
        assert_eq!(next_merge(&stays), None);

        for flush in [1, 3, 8, 20, 100] {
            let (mut files, mut next, mut written) = (Vec::new(), 1, 0);
            for i in 0..20_000 / flush {
                let count = 1 + (i * 7) % flush;
                files.push(file(next, next + count - 1));
                written += count;
                next += count;
                while let Some(run) = next_merge(&files) {
                    let (parts, rest): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| run.contains(&file.hash));
                    let merged = file(parts[0].first, parts[parts.len() - 1].last);
                    assert!(parts.iter().all(|part| part.tier() < merged.tier() || part.size > FINAL_BYTES / 2));
                    written += merged.last - merged.first + 1;
                    files = rest;
                    files.push(merged);
                    files.sort_by_key(|file| file.first);
                }
            }
            assert!(written <= 7 * (next - 1), "flushes of {flush}: {written} for {}", next - 1);
            assert!(files.len() < 150, "flushes of {flush}: {} files", files.len());
        }
    }

    #[test]
    fn covered_files_go_only_when_the_covering_one_is_safe() {
        let (a, b, merged) = (file(1, 4), file(5, 9), file(1, 9));
        let read_back = |hours: u64| OwnFile { read_back: Some(Duration::from_secs(hours * 3600)), ..merged.clone() };
        let list = |merged: OwnFile| vec![a.clone(), b.clone(), merged, file(8, 12)];
        assert_eq!(deletable(&list(merged.clone())), vec![]);
        assert_eq!(deletable(&list(read_back(23))), vec![]);
        assert_eq!(deletable(&list(read_back(24))), vec![a.hash, b.hash]);
        assert_eq!(deletable(&list(OwnFile { acknowledged: true, ..merged.clone() })), vec![a.hash, b.hash]);
        // Two files with the same records don't delete each other.
        let twin = OwnFile { hash: FileHash([255; 32]), ..read_back(30) };
        assert_eq!(deletable(&[twin.clone(), read_back(30)]), vec![twin.hash]);
    }

    #[test]
    fn checkpoints_never_outgrow_what_they_hold() {
        assert!(!is_worth_a_checkpoint(63, 1 << 30, 0));
        let mut there = 0;
        for bytes in (0..1_000_000).step_by(300) {
            if is_worth_a_checkpoint(100, bytes, there) {
                there += bytes;
            }
            assert!(2 * there <= 3 * bytes && (bytes == 0 || there > 0), "{there} for {bytes}");
        }
    }

    #[test]
    fn numbers_that_no_file_holds_are_missing() {
        // The files' numbers, the last number, and the gaps, each as first and last.
        type Numbers = &'static [(u64, u64)];
        let table: [(Numbers, u64, Numbers); 5] = [
            (&[], 3, &[(1, 3)]),
            (&[], 0, &[]),
            (&[(1, 4), (5, 9), (2, 3)], 9, &[]),
            (&[(3, 4), (8, 9)], 12, &[(1, 2), (5, 7), (10, 12)]),
            (&[(20, 30)], 10, &[(1, 10)]),
        ];
        for (numbers, last, expected) in table {
            let files: Vec<OwnFile> = numbers.iter().map(|&(first, last)| file(first, last)).collect();
            let gaps: Vec<(u64, u64)> = missing(&files, last).iter().map(|gap| (gap.start, gap.end - 1)).collect();
            assert_eq!(gaps, expected, "{numbers:?}");
        }
    }

    #[test]
    fn a_file_is_believed_only_under_the_name_of_its_content() {
        let hash = FileHash([9; 32]);
        let seen = OwnSeen { hash: Some(hash), size: 100 };
        let name = segment_name(3, 7, &hash);
        assert_eq!(OwnFile::seen(&name, &seen).map(|file| (file.first, file.last)), Some((3, 7)));
        assert_eq!(OwnFile::seen(&name, &OwnSeen { hash: None, size: 100 }), None);
        assert_eq!(
            OwnFile::seen(&name.replace("3-7", "3-8000"), &OwnSeen { hash: Some(FileHash([8; 32])), size: 1 }),
            None
        );
        assert_eq!(OwnFile::seen("3-7.ink", &seen), None);
    }
}
