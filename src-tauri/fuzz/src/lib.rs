//! What a fuzzer is let loose on, a function each: any bytes go in, and nothing may panic, hang or bloat. What else each
//! of them holds true is said there.
//!
//! `cargo xtask fuzz` runs them, and `cargo test` here goes once through the seeds that are kept.

mod blob;
mod checkpoint;
mod history;
mod segment;
mod signed;

use inkfold_engine::codec::{BlockHeader, BlockLimits, canonical_bytes, canonical_size_at_most};
use inkfold_engine::codec::{decode_block, decode_canonical, encode_block};
use inkfold_engine::{ReplicaId, WorkspaceId};

pub use blob::blob;
pub use checkpoint::checkpoint;
pub use history::history;
pub use segment::segment;
pub use signed::{acknowledgement, presence};

/// Canonical bytes of a record: what can be read is written again as the very same bytes.
pub fn record(data: &[u8]) {
    if let Ok(content) = decode_canonical(data) {
        assert_eq!(canonical_bytes(&content), data);
        assert!(canonical_size_at_most(&content) >= data.len());
    }
}

/// The columns of a block: what can be read is written again as the very same bytes, and each of its records too.
pub fn block(data: &[u8]) {
    let header = BlockHeader { workspace: WorkspaceId([1; 16]), replica: ReplicaId([2; 16]), first_number: 3 };
    let limits = BlockLimits { records: 300, runs: 3000 };
    if let Ok(records) = decode_block(&header, data, limits) {
        assert!(records.len() <= limits.records);
        assert!(records.iter().map(|record| record.content.events.runs().len()).sum::<usize>() <= limits.runs);
        assert_eq!(encode_block(&header, &records), data);
        for parts in records {
            assert_eq!(decode_canonical(&canonical_bytes(&parts.content)), Ok(parts.content));
        }
    }
}
