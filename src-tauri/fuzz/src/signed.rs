//! Acknowledgements and presences: the small files that are signed as a whole.

use std::sync::LazyLock;

use ed25519_dalek::{Signer, SigningKey};
use inkfold_engine::WorkspaceId;
use inkfold_folder::kind::{FORMAT_VERSION, MAGIC};
use inkfold_folder::{Acknowledgement, FileKind, Identity, Presence};

const WORKSPACE: WorkspaceId = WorkspaceId([1; 16]);
const SEED: [u8; 32] = [1; 32];

/// Whose files these are.
static AUTHOR: LazyLock<Identity> = LazyLock::new(|| Identity::from_seed(SEED, WORKSPACE));
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&SEED));

/// An acknowledgement: what can be read is written again as the very same bytes. The bytes are the file as it is, or what
/// comes after the key in one that is well sealed.
pub fn acknowledgement(data: &[u8]) {
    for file in files(FileKind::Acknowledgement, b"inkfold acknowledgement\n", data) {
        let Ok(read) = Acknowledgement::parse(&file, &WORKSPACE) else { continue };
        let again = Acknowledgement::encode(&AUTHOR, read.counter, read.written, &read.holdings);
        assert_eq!(again.as_deref(), Ok(&file[..]));
    }
}

/// A presence, in the same way.
pub fn presence(data: &[u8]) {
    for file in files(FileKind::Presence, b"inkfold presence\n", data) {
        let Ok(read) = Presence::parse(&file, &WORKSPACE) else { continue };
        let again = Presence::encode(&AUTHOR, read.counter, &read.name, read.spot.as_ref());
        assert_eq!(again, file);
    }
}

fn files(kind: FileKind, context: &[u8], data: &[u8]) -> [Vec<u8>; 2] {
    let mut sealed =
        [&MAGIC[..], &[kind.byte(), FORMAT_VERSION as u8, 0, 0], &WORKSPACE.0, &AUTHOR.replica().0].concat();
    sealed.extend(AUTHOR.public_key().0);
    sealed.extend(data);
    let hash = *blake3::hash(&sealed).as_bytes();
    sealed.extend(hash);
    sealed.extend(KEY.sign(&[context, &hash].concat()).to_bytes());
    [data.to_vec(), sealed]
}
