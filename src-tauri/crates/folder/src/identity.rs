//! Who writes: an Ed25519 key pair for each replica, and the signature under the last record of a chain.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use inkfold_engine::{RecordId, ReplicaId, WorkspaceId};

/// Keeps a signature under a record's place from being taken for one under anything else.
const HEAD_CONTEXT: &[u8; 15] = b"inkfold record\n";

/// What is wrong with stored or fresh key material.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The system gives no random bytes.
    #[error("the system gives no random numbers, so no key could be made; restart the computer and try again")]
    NoRandomness(#[source] getrandom::Error),
    /// Stored bytes are not an identity.
    #[error("the stored key is damaged; a new identity has to be made")]
    Damaged,
}

impl IdentityError {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRandomness(_) => "identity/no-randomness",
            Self::Damaged => "identity/damaged",
        }
    }
}

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// The id of the replica that has this key in this workspace: the first 16 bytes of BLAKE3(key ‖ workspace).
    pub fn replica(&self, workspace: &WorkspaceId) -> ReplicaId {
        let hash = blake3::Hasher::new().update(&self.0).update(&workspace.0).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_bytes()[..16]);
        ReplicaId(id)
    }

    /// Whether the signature says that `id` is this key's record number `number` in the workspace. Strict: points of
    /// small order are refused, so that a signature fits one message only.
    pub fn verifies(&self, workspace: &WorkspaceId, number: u64, id: &RecordId, signature: &HeadSignature) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        let message = head_message(workspace, &self.replica(workspace), number, id);
        key.verify_strict(&message, &Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl PublicKey {
    /// Whether this key signed a file of some kind with this hash. Strict, as [`Self::verifies`].
    pub(crate) fn signed_file(&self, context: &[u8], hash: &[u8; 32], signature: &[u8; 64]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        key.verify_strict(&[context, hash].concat(), &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", inkfold_engine::ids::to_base32(&self.0[..5]))
    }
}

/// A replica's signature under (workspace, replica, number, record id): it vouches for that record and, by the hash
/// chain, for all before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HeadSignature(pub [u8; 64]);

impl fmt::Debug for HeadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeadSignature({})", inkfold_engine::ids::to_base32(&self.0[..5]))
    }
}

/// A replica's key pair in one workspace. Lives in the local database, never in the shared folder.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
    workspace: WorkspaceId,
    replica: ReplicaId,
}

impl Identity {
    /// Length of [`Self::to_bytes`].
    pub const LEN: usize = 48;

    /// Makes a new one.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn generate(workspace: WorkspaceId) -> Result<Self, IdentityError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(IdentityError::NoRandomness)?;
        Ok(Self::from_seed(seed, workspace))
    }

    /// The identity that a secret of 32 bytes stands for.
    pub fn from_seed(seed: [u8; 32], workspace: WorkspaceId) -> Self {
        let key = SigningKey::from_bytes(&seed);
        let replica = PublicKey(key.verifying_key().to_bytes()).replica(&workspace);
        Self { key, workspace, replica }
    }

    /// The secret and the workspace, for the local database.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..32].copy_from_slice(&self.key.to_bytes());
        bytes[32..].copy_from_slice(&self.workspace.0);
        bytes
    }

    /// Reads what [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// Another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdentityError> {
        let (seed, workspace) = bytes.split_at_checked(32).ok_or(IdentityError::Damaged)?;
        let seed = seed.try_into().map_err(|_| IdentityError::Damaged)?;
        let workspace = WorkspaceId::from_slice(workspace).ok_or(IdentityError::Damaged)?;
        Ok(Self::from_seed(seed, workspace))
    }

    /// The workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The replica's id.
    pub fn replica(&self) -> ReplicaId {
        self.replica
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// Signs that `id` is this replica's record number `number`.
    pub fn sign_head(&self, number: u64, id: &RecordId) -> HeadSignature {
        let message = head_message(&self.workspace, &self.replica, number, id);
        HeadSignature(self.key.sign(&message).to_bytes())
    }

    /// Signs a file of some kind by its hash.
    pub(crate) fn sign_file(&self, context: &[u8], hash: &[u8; 32]) -> [u8; 64] {
        self.key.sign(&[context, hash].concat()).to_bytes()
    }
}

impl fmt::Debug for Identity {
    // The secret must not get into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("replica", &self.replica).finish_non_exhaustive()
    }
}

fn head_message(workspace: &WorkspaceId, replica: &ReplicaId, number: u64, id: &RecordId) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEAD_CONTEXT.len() + 16 + 16 + 8 + 32);
    message.extend_from_slice(HEAD_CONTEXT);
    message.extend_from_slice(&workspace.0);
    message.extend_from_slice(&replica.0);
    message.extend_from_slice(&number.to_le_bytes());
    message.extend_from_slice(&id.0);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_survives_storage_and_its_id_is_bound_to_key_and_workspace() {
        let workspace = WorkspaceId([1; 16]);
        let identity = Identity::generate(workspace).unwrap();
        let again = Identity::from_bytes(&identity.to_bytes()).unwrap();
        assert_eq!((again.replica(), again.public_key()), (identity.replica(), identity.public_key()));
        assert_eq!(identity.replica(), identity.public_key().replica(&workspace));
        assert_ne!(identity.replica(), identity.public_key().replica(&WorkspaceId([2; 16])));
        assert_ne!(identity.replica(), Identity::generate(workspace).unwrap().replica());
        assert!(Identity::from_bytes(&identity.to_bytes()[1..]).is_err());
        assert!(Identity::from_bytes(&[]).is_err());
        assert!(!format!("{identity:?}").contains("key"));
    }

    #[test]
    fn a_signature_fits_one_record_at_one_place_of_one_workspace() {
        let workspace = WorkspaceId([1; 16]);
        let identity = Identity::from_seed([7; 32], workspace);
        let (key, id) = (identity.public_key(), RecordId([9; 32]));
        let signature = identity.sign_head(4, &id);
        assert!(key.verifies(&workspace, 4, &id, &signature));
        assert!(!key.verifies(&workspace, 5, &id, &signature));
        assert!(!key.verifies(&WorkspaceId([2; 16]), 4, &id, &signature));
        assert!(!key.verifies(&workspace, 4, &RecordId([8; 32]), &signature));
        assert!(!PublicKey([0; 32]).verifies(&workspace, 4, &id, &signature));
        assert!(!PublicKey([255; 32]).verifies(&workspace, 4, &id, &HeadSignature([0; 64])));
    }
}
