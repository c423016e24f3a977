//! The head of every binary file of ours: what it is, and for whom.

use inkfold_engine::WorkspaceId;
use inkfold_engine::codec::{Reader, Writer};

use crate::refusal::Refusal;

/// The first bytes of every binary file of ours. High bits, a zero byte and both kinds of line end come early, so that
/// whatever takes the file for text damages it where it shows.
pub const MAGIC: [u8; 8] = *b"\x89INK\0\r\n\x1a";
/// The byte after the magic, for a segment.
pub const KIND_SEGMENT: u8 = b'S';
/// The format version that is written and read.
pub const FORMAT_VERSION: u64 = 1;

/// What the first bytes of a file say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Our magic with this kind.
    Ours(u8),
    /// Something else.
    Foreign,
}

/// Tells from the first bytes whether a file is ours.
pub(crate) fn mark(bytes: &[u8]) -> Mark {
    match bytes.split_at_checked(MAGIC.len()) {
        Some((magic, rest)) if magic == MAGIC => Mark::Ours(rest.first().copied().unwrap_or(KIND_SEGMENT)),
        _ => Mark::Foreign,
    }
}

/// Appends the head of a plain file.
pub(crate) fn write_head(out: &mut Writer, kind: u8, workspace: &WorkspaceId) {
    out.raw(&MAGIC);
    out.byte(kind);
    out.uint(FORMAT_VERSION);
    // Cipher and key epoch: plain.
    out.uint(0);
    out.uint(0);
    out.raw(&workspace.0);
}

/// Reads the head up to the workspace, which is left for [`read_workspace`]: what comes before says how the rest is to be
/// read at all, a wrong workspace means something only where the file is whole.
pub(crate) fn open_head(bytes: &[u8], kind: u8) -> Result<Reader<'_>, Refusal> {
    match mark(bytes) {
        Mark::Ours(found) if found == kind => {}
        Mark::Ours(found) => return Err(Refusal::UnknownKind(found)),
        Mark::Foreign if MAGIC.starts_with(bytes) => return Err(Refusal::Incomplete),
        Mark::Foreign => return Err(Refusal::NotOurs),
    }
    let mut reader = Reader(bytes.get(MAGIC.len() + 1..).unwrap_or_default());
    // The version comes first: a later format may go on in any way.
    match reader.uint() {
        Ok(FORMAT_VERSION) => {}
        Ok(found) if found > FORMAT_VERSION => return Err(Refusal::NewerFormat { found }),
        Ok(_) => return Err(Refusal::Malformed("a format version that was never in use")),
        Err(_) => return Err(Refusal::Incomplete),
    }
    match (reader.uint(), reader.uint()) {
        (Ok(0), Ok(0)) => Ok(reader),
        (Ok(_), Ok(_)) => Err(Refusal::Encrypted),
        _ => Err(Refusal::Incomplete),
    }
}

/// Reads the workspace, the last field of the head.
pub(crate) fn read_workspace(reader: &mut Reader<'_>, workspace: &WorkspaceId) -> Result<(), Refusal> {
    let found = WorkspaceId(reader.array()?);
    if found == *workspace { Ok(()) } else { Err(Refusal::OtherWorkspace(found)) }
}
