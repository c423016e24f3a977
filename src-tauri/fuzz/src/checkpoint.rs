//! Parts of checkpoints, sealed like good ones: a fuzzer can't guess a hash.

use inkfold_engine::WorkspaceId;
use inkfold_folder::{Checkpoint, FileHash};

const WORKSPACE: WorkspaceId = WorkspaceId([1; 16]);

/// A part of a checkpoint: what is sound can be written again. The bytes are the file without its hash, after one byte that
/// says whether there is to be one.
pub fn checkpoint(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let mut file = rest.to_vec();
    if first == 0 {
        file.extend(FileHash::of(rest).0);
    }
    let Ok(checkpoint) = Checkpoint::parse(&file, &WORKSPACE) else { return };
    let count = checkpoint.segments().count();
    assert_eq!(checkpoint.hashes().count(), count);
    for segment in checkpoint.segments().flatten() {
        assert!(checkpoint.hashes().any(|hash| hash == segment.hash()));
    }
}
