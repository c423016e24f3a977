//! What stands before a blob's content.

use inkfold_engine::WorkspaceId;
use inkfold_folder::blob::BlobHeader;

const WORKSPACE: WorkspaceId = WorkspaceId([1; 16]);

/// A blob's header: what can be read is written again as the very same bytes, and is read alike a byte at a time.
pub fn blob(data: &[u8]) {
    let parsed = BlobHeader::parse(data, &WORKSPACE);
    let read = BlobHeader::read(&mut &data[..], &WORKSPACE);
    let Ok((header, length)) = parsed else { return };
    assert_eq!(header.to_bytes(), data[..length]);
    assert_eq!(read.ok(), Some(header));
}
