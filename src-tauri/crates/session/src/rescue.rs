//! Records that no file of the shared folder holds any more, though their author can't be expected to publish them again:
//! whoever holds them does, in a file of his own, under the signature that came with them.
//!
//! What this installation wrote under an earlier id comes back at once, what others wrote after a day: until then its
//! author, or the sync service, may bring it back. Into a folder that the workspace has moved to everything goes at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use inkfold_engine::{RecordId, ReplicaId};
use inkfold_folder::policy::{OwnFile, SETTLED};
use inkfold_folder::segment::Header;
use inkfold_folder::{
    EncodeError, FileHash, HeadSignature, PublicKey, RelativePath, ScanReport, ShortHash, Signer, encode_segment,
};
use inkfold_store::{Batch, Chain, Signature, Storage, Stretch, Tip};

use crate::branches::StoreBranches;
use crate::carrier::Parcel;
use crate::error::SessionError;
use crate::surroundings::Moment;
use crate::workspace::{Workspace, setting};

/// Whoever publishes what others have lost waits up to so long more, so that not all do it at once.
const MOST_DELAY: Duration = Duration::from_secs(30 * 60);

/// Of several who hold the same mostly one should publish it: the one whose turn comes first, which is another's for other
/// things.
pub(crate) fn delay(own: &ReplicaId, what: &[u8]) -> Duration {
    let mixed = own.0.iter().zip(what).fold(0_u32, |mixed, (a, b)| mixed.rotate_left(5) ^ u32::from(a ^ b));
    Duration::from_secs(u64::from(mixed) % MOST_DELAY.as_secs())
}

/// What a file holds, as far as it was taken in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub author: ReplicaId,
    pub first: u64,
    pub last: u64,
    pub last_id: RecordId,
}

/// Numbers of a branch, by its end, that no file holds.
type Gap = (RecordId, u64, u64);

/// What is known of the files' records.
#[derive(Default)]
pub(crate) struct Coverage {
    /// Every file that was taken in in this run.
    spans: BTreeMap<FileHash, Span>,
    /// Those that were in the folder at the last complete scan, under names that services carry, or came since.
    present: BTreeSet<FileHash>,
    /// Since the last look nothing has happened that could leave records without a file.
    is_settled: bool,
    /// Since when nobody holds what.
    missing: BTreeMap<Gap, Moment>,
    /// Since when others' files hold what a file of ours holds of others' records.
    spare: BTreeMap<FileHash, Moment>,
}

impl Coverage {
    /// A file was taken in.
    pub fn note(&mut self, header: &Header, last_id: RecordId, hash: FileHash) {
        let span = Span { author: header.author, first: header.first, last: header.last, last_id };
        self.spans.insert(hash, span);
        self.present.insert(hash);
    }

    /// What the file holds, if it was taken in.
    pub fn stretch(&self, hash: &FileHash) -> Option<Stretch> {
        self.spans.get(hash).map(|span| Stretch {
            replica: span.author,
            first: span.first,
            last: span.last,
            record: span.last_id,
        })
    }

    /// A file was taken in by an earlier run. Whether it is still there, the next scan says.
    pub fn recall(&mut self, hash: FileHash, stretch: &Stretch) {
        let Stretch { replica: author, first, last, record: last_id } = *stretch;
        self.spans.insert(hash, Span { author, first, last, last_id });
    }

    /// There may be records that no file has held in this run.
    pub fn unsettle(&mut self) {
        self.is_settled = false;
    }

    /// The files of others in the folder that hold all that another one there does: once it is known that somebody has
    /// them, their author takes the other one away.
    pub fn covering(&self, own: &BTreeSet<ReplicaId>) -> BTreeSet<ShortHash> {
        let mut files: Vec<(&Span, &FileHash)> = Vec::new();
        let is_theirs = |(hash, span): &(&FileHash, &Span)| self.present.contains(*hash) && !own.contains(&span.author);
        files.extend(self.spans.iter().filter(is_theirs).map(|(hash, span)| (span, hash)));
        files.sort_unstable_by_key(|(span, hash)| (span.author, span.first, std::cmp::Reverse(span.last), **hash));
        let mut covering = BTreeSet::new();
        // From the last on: the least end of those that begin at the same number or later.
        let mut after: Option<(ReplicaId, u64)> = None;
        for (span, hash) in files.into_iter().rev() {
            let least = after.filter(|(author, _)| *author == span.author).map(|(_, last)| last);
            if least.is_some_and(|last| last <= span.last) {
                covering.insert(hash.short());
            }
            after = Some((span.author, least.map_or(span.last, |last| last.min(span.last))));
        }
        covering
    }

    /// Whose records a file holds, if it was taken in.
    pub fn author(&self, hash: &FileHash) -> Option<ReplicaId> {
        self.spans.get(hash).map(|span| span.author)
    }
}

impl Workspace {
    /// After a complete scan with nothing on its way: publishes what nobody's files hold.
    pub fn rescue(&mut self, report: &ScanReport) -> Result<(), SessionError> {
        let coverage = &mut self.exchange.coverage;
        let is_whole = coverage.present.is_subset(&report.kept);
        coverage.present.clone_from(&report.kept);
        // What comes with a file is held by it; only a file that goes can leave a gap.
        if coverage.is_settled && is_whole && coverage.missing.is_empty() && !self.exchange.has_moved {
            return Ok(());
        }
        coverage.is_settled = true;
        let current = self.identity.replica();
        let has_moved = self.exchange.has_moved;
        let mut missing = BTreeMap::new();
        let mut due = Vec::new();
        for replica in self.store.replicas()?.into_iter().filter(|replica| *replica != current) {
            for tip in self.store.tips(&replica)? {
                for gap in self.uncovered(&replica, &tip)? {
                    let key = (tip.record, gap.start, gap.end);
                    let now = self.around.moment();
                    let since = *self.exchange.coverage.missing.get(&key).unwrap_or(&now);
                    missing.insert(key, since);
                    let patience = SETTLED + delay(&self.identity.replica(), &tip.record.0);
                    if has_moved || self.own.contains(&replica) || self.around.since(since) >= patience {
                        due.push((replica, tip, gap));
                    }
                }
            }
        }
        self.exchange.coverage.missing = missing;
        let mut files = 0;
        for (replica, tip, gap) in due {
            files += self.publish_held(&replica, &tip, gap)?;
        }
        // What is still missing then can't be published, for want of a signature.
        if has_moved && files == 0 {
            self.exchange.has_moved = false;
            self.store.commit(&Batch { settings: vec![(setting::MOVED.into(), None)], ..Batch::default() })?;
        }
        Ok(())
    }

    /// Takes away what we published of others' records once others' files have held all of it for a day.
    pub fn give_back(&mut self, report: &ScanReport) -> Result<(), SessionError> {
        let own = self.identity.replica();
        let now = self.around.moment();
        let (mut spare, mut paths) = (BTreeMap::new(), Vec::new());
        for (name, seen) in &report.own {
            let Some(file) = OwnFile::seen(name, seen) else { continue };
            let span = self.exchange.coverage.spans.get(&file.hash).copied();
            let Some(span) = span.filter(|span| span.author != own) else { continue };
            if self.is_held_by_others(&span, report)? {
                let since = *self.exchange.coverage.spare.get(&file.hash).unwrap_or(&now);
                spare.insert(file.hash, since);
                if self.around.since(since) >= SETTLED {
                    paths.push(RelativePath::segment(&own, name));
                }
            }
        }
        self.exchange.coverage.spare = spare;
        if let Some(carrier) = self.exchange.carrier.as_ref().filter(|_| !paths.is_empty()) {
            carrier.remove(paths);
        }
        Ok(())
    }

    /// Whether files that we don't publish hold these records: their author's, or those of a replica with a lesser id, so that
    /// of two who published the same the lesser one's stays.
    fn is_held_by_others(&self, wanted: &Span, report: &ScanReport) -> Result<bool, SessionError> {
        let own = self.identity.replica();
        let is_firm =
            |hash: &FileHash| report.homes.get(hash).is_some_and(|home| *home == wanted.author || *home < own);
        let spans = self.exchange.coverage.spans.iter();
        let mut held = Vec::new();
        for (_, span) in spans.filter(|(hash, span)| span.author == wanted.author && is_firm(hash)) {
            // Of one branch are two of which the longer goes on where the shorter ends.
            let (longer, shorter) = if span.last > wanted.last { (span, wanted) } else { (wanted, span) };
            if self.store.record_at(&longer.last_id, shorter.last)? == Some(shorter.last_id) {
                held.push((span.first, span.last));
            }
        }
        held.sort_unstable();
        let mut next = wanted.first;
        for (first, last) in held {
            if first <= next {
                next = next.max(last + 1);
            }
        }
        Ok(next > wanted.last)
    }

    /// The numbers of the branch that ends in `tip` which no file holds.
    fn uncovered(&self, replica: &ReplicaId, tip: &Tip) -> Result<Vec<Range<u64>>, SessionError> {
        let Coverage { spans, present, .. } = &self.exchange.coverage;
        let is_here = |(hash, span): &(&FileHash, &Span)| span.author == *replica && present.contains(*hash);
        uncovered(&*self.store, spans.iter().filter(is_here).map(|(_, span)| span), replica, tip)
    }

    /// Hands records of a branch to the carrier, up to the first signature from their last one on. Where there is none,
    /// what comes after the last signature has to wait for its author. Says how many files that makes.
    fn publish_held(&self, replica: &ReplicaId, tip: &Tip, gap: Range<u64>) -> Result<usize, SessionError> {
        let Some(key) = self.store.key(replica)?.map(PublicKey) else { return Ok(0) };
        let mut signed: Vec<Signature> = Vec::new();
        for signature in self.store.signatures(replica, gap.start..u64::MAX)? {
            let is_here = self.store.record_at(&tip.record, signature.number)? == Some(signature.record);
            if is_here && signed.last().is_none_or(|last| last.number + 1 < gap.end) {
                signed.push(signature);
            }
        }
        let mut parts = vec![(gap.start, signed.as_slice())];
        let mut parcels = Vec::new();
        while let Some((first, signed)) = parts.pop() {
            let Some((last, earlier)) = signed.split_last() else { continue };
            let records = self.store.branch(&last.record, first)?;
            let signer = Signer::Held { key, signature: HeadSignature(last.bytes) };
            match encode_segment(signer, &records, &StoreBranches(&*self.store)) {
                Ok(file) => parcels.push(Parcel {
                    name: file.name(),
                    path: file.path(&self.identity.replica()),
                    bytes: file.bytes,
                }),
                Err(EncodeError::TooLarge) if !earlier.is_empty() => {
                    let middle = earlier.len() / 2;
                    parts.push((first, &signed[..=middle]));
                    parts.push((signed[middle].number + 1, &signed[middle + 1..]));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let files = parcels.len();
        if let Some(carrier) = self.exchange.carrier.as_ref().filter(|_| files > 0) {
            tracing::warn!(files, "the folder lacks records that are held here; they are published");
            carrier.publish(parcels);
        }
        Ok(files)
    }
}

/// The numbers of the branch that ends in `tip` which none of these files of the replica's records holds.
pub(crate) fn uncovered<'a>(
    store: &dyn Storage,
    files: impl Iterator<Item = &'a Span>,
    replica: &ReplicaId,
    tip: &Tip,
) -> Result<Vec<Range<u64>>, SessionError> {
    // Below its lowest fork all branches of a replica are one.
    let shared = store.first_fork(replica)?.map_or(u64::MAX, |fork| fork - 1);
    let mut held: Vec<(u64, u64)> = Vec::new();
    for span in files {
        let is_on_branch = store.record_at(&tip.record, span.last)? == Some(span.last_id);
        let last = if is_on_branch { span.last } else { span.last.min(shared) };
        held.push((span.first, last));
    }
    held.sort_unstable();
    let (mut gaps, mut next) = (Vec::new(), 1);
    for (first, last) in held.into_iter().filter(|(first, last)| first <= last) {
        if first > next {
            gaps.push(next..first);
        }
        next = next.max(last + 1);
    }
    if next <= tip.number {
        gaps.push(next..tip.number + 1);
    }
    Ok(gaps)
}
