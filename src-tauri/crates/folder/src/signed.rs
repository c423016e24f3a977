//! What acknowledgements and presences have in common: small files that their replica replaces, each with a counter,
//! signed as a whole. `src-tauri/FORMAT.md` sections 9 and 10 are the normative description.

use inkfold_engine::codec::{Reader, Writer};
use inkfold_engine::{ReplicaId, WorkspaceId};

use crate::identity::{Identity, PublicKey};
use crate::kind::{FileKind, open, read_workspace, write_head};
use crate::refusal::Refusal;

/// The greatest counter.
pub const MAX_COUNTER: u64 = 1 << 48;
/// Hash and signature at the end of the file.
const SEAL_BYTES: usize = 32 + 64;

/// A file whose signature is good.
pub(crate) struct Signed<'a> {
    pub replica: ReplicaId,
    pub key: PublicKey,
    pub counter: u64,
    /// What comes after the counter.
    pub body: Reader<'a>,
}

/// Keeps a signature under one kind of file from being taken for one under anything else.
fn context(kind: FileKind) -> &'static [u8] {
    match kind {
        FileKind::Acknowledgement => b"inkfold acknowledgement\n",
        FileKind::Presence => b"inkfold presence\n",
        // Segments are signed under their last record, whatever file it is in.
        FileKind::Segment | FileKind::Checkpoint => b"inkfold file\n",
    }
}

/// Writes a file and signs it.
pub(crate) fn write(kind: FileKind, identity: &Identity, counter: u64, body: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::default();
    write_head(&mut out, kind, &identity.workspace());
    out.raw(&identity.replica().0);
    out.raw(&identity.public_key().0);
    out.uint(counter);
    body(&mut out);
    let hash = *blake3::hash(&out.0).as_bytes();
    out.raw(&hash);
    out.raw(&identity.sign_file(context(kind), &hash));
    out.0
}

/// Verifies everything about a file but its body.
pub(crate) fn read<'a>(kind: FileKind, bytes: &'a [u8], workspace: &WorkspaceId) -> Result<Signed<'a>, Refusal> {
    let mut reader = open(kind, bytes)?;
    let (body, seal) = bytes.split_at_checked(bytes.len().wrapping_sub(SEAL_BYTES)).ok_or(Refusal::Incomplete)?;
    let mut seal = Reader(seal);
    let (hash, signature): ([u8; 32], [u8; 64]) = (seal.array()?, seal.array()?);
    if *blake3::hash(body).as_bytes() != hash {
        return Err(Refusal::Incomplete);
    }
    let end = reader.0.len().checked_sub(SEAL_BYTES).ok_or(Refusal::Incomplete)?;
    reader.0 = &reader.0[..end];
    read_workspace(&mut reader, workspace)?;
    let (replica, key) = (ReplicaId(reader.array()?), PublicKey(reader.array()?));
    if key.replica(workspace) != replica {
        return Err(Refusal::WrongKey);
    }
    if !key.signed_file(context(kind), &hash, &signature) {
        return Err(Refusal::BadSignature);
    }
    let counter = reader.uint()?;
    if counter == 0 || counter > MAX_COUNTER {
        return Err(Refusal::Malformed("a counter out of range"));
    }
    Ok(Signed { replica, key, counter, body: reader })
}
