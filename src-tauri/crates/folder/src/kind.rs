//! The kinds of binary files of ours, and the head that all of them have. A file says itself what it is; its name and
//! place only say what to expect.

use std::path::Path;

use inkfold_engine::WorkspaceId;
use inkfold_engine::codec::{Reader, Writer};

use crate::layout::{
    ACKNOWLEDGEMENT_EXTENSION, BLOB_DIRECTORY, BLOB_EXTENSION, CHECKPOINT_EXTENSION, PRESENCE_EXTENSION,
    SEGMENT_EXTENSION, has_extension,
};
use crate::refusal::Refusal;
use crate::segment::MAX_SEGMENT_BYTES;

/// The first bytes of every binary file of ours. High bits, a zero byte and both kinds of line end come early, so that
/// whatever takes the file for text damages it where it shows.
pub const MAGIC: [u8; 8] = *b"\x89INK\0\r\n\x1a";
/// The format version that is written and read.
pub const FORMAT_VERSION: u64 = 1;

/// The greatest size of an acknowledgement.
pub const MAX_ACKNOWLEDGEMENT_BYTES: usize = 1 << 20;
/// The greatest size of a presence.
pub const MAX_PRESENCE_BYTES: usize = 4 << 10;
/// The greatest size of a part of a checkpoint.
pub const MAX_CHECKPOINT_BYTES: usize = 8 << 20;

/// A kind of file that a scan reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// Many records at once, for who joins. First, so that a scan reads it before what it holds.
    Checkpoint,
    /// A stretch of one replica's records.
    Segment,
    /// What a replica durably holds.
    Acknowledgement,
    /// Where somebody is.
    Presence,
}

impl FileKind {
    /// All kinds, in the order in which a scan looks at them.
    pub const ALL: [Self; 4] = [Self::Checkpoint, Self::Segment, Self::Acknowledgement, Self::Presence];

    /// The byte after the magic.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Segment => b'S',
            Self::Acknowledgement => b'A',
            Self::Presence => b'P',
            Self::Checkpoint => b'C',
        }
    }

    /// The extension under which files of the kind are written.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Segment => SEGMENT_EXTENSION,
            Self::Acknowledgement => ACKNOWLEDGEMENT_EXTENSION,
            Self::Presence => PRESENCE_EXTENSION,
            Self::Checkpoint => CHECKPOINT_EXTENSION,
        }
    }

    /// The greatest size of such a file.
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Segment => MAX_SEGMENT_BYTES,
            Self::Acknowledgement => MAX_ACKNOWLEDGEMENT_BYTES,
            Self::Presence => MAX_PRESENCE_BYTES,
            Self::Checkpoint => MAX_CHECKPOINT_BYTES,
        }
    }

    /// The kind that a file's name claims.
    pub fn claimed_by(path: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| has_extension(path, kind.extension()))
    }
}

/// What the first bytes of a file say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A file of ours.
    Ours(FileKind),
    /// A file of ours that ends before it says of what kind it is.
    Cut,
    /// Our magic with a kind that this version doesn't know.
    Unknown(u8),
    /// Something else.
    Foreign,
}

/// Tells from the first bytes whether a file is ours.
pub(crate) fn mark(bytes: &[u8]) -> Mark {
    let Some(rest) = bytes.strip_prefix(&MAGIC) else { return Mark::Foreign };
    let Some(&byte) = rest.first() else { return Mark::Cut };
    FileKind::ALL.into_iter().find(|kind| kind.byte() == byte).map_or(Mark::Unknown(byte), Mark::Ours)
}

/// Appends the head of a plain file.
pub(crate) fn write_head(out: &mut Writer, kind: FileKind, workspace: &WorkspaceId) {
    write_head_with(out, kind.byte(), workspace);
}

/// Appends the head of a plain file, also of a kind that a scan doesn't read.
pub(crate) fn write_head_with(out: &mut Writer, kind: u8, workspace: &WorkspaceId) {
    out.raw(&MAGIC);
    out.byte(kind);
    out.uint(FORMAT_VERSION);
    // Cipher and key epoch: plain.
    out.uint(0);
    out.uint(0);
    out.raw(&workspace.0);
}

/// Reads the head of a file that should be of a kind, up to the workspace, which is left for [`read_workspace`]: what comes
/// before says how the rest is to be read at all, a wrong workspace means something only where the file is whole.
pub(crate) fn open(kind: FileKind, bytes: &[u8]) -> Result<Reader<'_>, Refusal> {
    if bytes.len() > kind.max_bytes() {
        return Err(Refusal::TooLarge { size: bytes.len() as u64, max: kind.max_bytes() as u64 });
    }
    match mark(bytes) {
        Mark::Ours(found) if found == kind => {}
        Mark::Ours(found) => return Err(Refusal::UnknownKind(found.byte())),
        Mark::Unknown(byte) => return Err(Refusal::UnknownKind(byte)),
        Mark::Cut => return Err(Refusal::Incomplete),
        Mark::Foreign if MAGIC.starts_with(bytes) => return Err(Refusal::Incomplete),
        Mark::Foreign => return Err(Refusal::NotOurs),
    }
    open_plain(bytes)
}

/// Reads the version and that the file is plain.
pub(crate) fn open_plain(bytes: &[u8]) -> Result<Reader<'_>, Refusal> {
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

/// Whether a file is an attachment, by its name or by a directory that it lies in. These may be large and far away, so
/// a scan never opens them.
pub(crate) fn is_blob(path: &Path) -> bool {
    has_extension(path, BLOB_EXTENSION) || path.parent().is_some_and(|above| above.iter().any(is_blob_directory))
}

/// Services add to a directory's name when they meet a conflict, but nothing that a replica's id could begin with.
pub(crate) fn is_blob_directory(name: &std::ffi::OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let is_named = name.get(..BLOB_DIRECTORY.len()).is_some_and(|start| start.eq_ignore_ascii_case(BLOB_DIRECTORY));
    is_named && !name[BLOB_DIRECTORY.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_are_known_by_name_or_place() {
        let table = [
            ("inkfold-data/blobs/abc.inb", true),
            ("inkfold-data/blobs/abc.inb.conflict1", true),
            ("inkfold-data/Blobs (1)/anything", true),
            ("inkfold-data/x/y.INB", true),
            ("y.inb", true),
            ("inkfold-data/blobs", false),
            ("inkfold-data/blobsabcdefghijklmnopqrstu/1-1-a.ink", false),
            ("inkfold-data/abc/1-1-a.ink", false),
        ];
        for (path, expected) in table {
            assert_eq!(is_blob(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_file_says_itself_what_it_is() {
        for kind in FileKind::ALL {
            let bytes = [&MAGIC[..], &[kind.byte(), 1, 0, 0, 7]].concat();
            assert_eq!(mark(&bytes), Mark::Ours(kind));
            assert_eq!(open(kind, &bytes).unwrap().0, [7]);
            assert_eq!(FileKind::claimed_by(Path::new(&format!("a.{}", kind.extension().to_uppercase()))), Some(kind));
            for other in FileKind::ALL.into_iter().filter(|other| *other != kind) {
                assert_eq!(open(other, &bytes).err(), Some(Refusal::UnknownKind(kind.byte())));
            }
        }
        assert_eq!(mark(&MAGIC), Mark::Cut);
        assert_eq!(mark(&[&MAGIC[..], b"?"].concat()), Mark::Unknown(b'?'));
        assert_eq!(mark(b"PK"), Mark::Foreign);
    }
}
