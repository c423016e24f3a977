//! Identifiers. Each is a newtype, so that a document can't be passed where a replica is meant.

use std::fmt;
use std::str::FromStr;

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

/// Lowercase RFC 4648 base32 without padding: safe in file names on every system, also where case is folded.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    spec.translate.from.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    spec.translate.to.push_str("abcdefghijklmnopqrstuvwxyz");
    spec.encoding().expect("a constant specification of 32 distinct symbols is valid")
});

/// Writes bytes in the base32 that all identifiers and file names use.
pub fn to_base32(bytes: &[u8]) -> String {
    BASE32.encode(bytes)
}

/// Reads what [`to_base32`] wrote; upper case is accepted. `None` where the text is anything else.
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    BASE32.decode(text.as_bytes()).ok()
}

/// A text that isn't an identifier of the expected length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not an identifier")]
pub struct ParseIdError(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The identifier's bytes.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }

            /// Reads an identifier from exactly [`Self::LEN`] bytes.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Some(Self(bytes.try_into().ok()?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_base32(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), to_base32(&self.0[..5.min($len)]))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                from_base32(text)
                    .and_then(|bytes| Self::from_slice(&bytes))
                    .ok_or_else(|| ParseIdError(text.to_owned()))
            }
        }
    };
}

id!(
    /// A workspace: the set of documents that one shared folder carries. 16 random bytes.
    WorkspaceId, 16
);
id!(
    /// A document of a workspace. 16 random bytes; all zero is the workspace's own data.
    DocumentId, 16
);
id!(
    /// One writer: one incarnation of an installation in one workspace.
    ReplicaId, 16
);
id!(
    /// The hash of a record, which chains it to its replica's previous record and to its parents.
    RecordId, 32
);

impl DocumentId {
    /// Document zero: the workspace's own data, where only registers and cancels are allowed.
    pub const WORKSPACE: DocumentId = DocumentId([0; 16]);
}

impl RecordId {
    /// Stands for "no previous record" in the hash of a replica's first record.
    pub const NONE: RecordId = RecordId([0; 32]);
}

/// An event: the `offset`-th of a record. Stable everywhere and forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The record that holds the event.
    pub record: RecordId,
    /// Which of the record's events, from 0.
    pub offset: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_survive_text_in_either_case() {
        let id = DocumentId([7; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 26);
        assert_eq!(text.parse::<DocumentId>(), Ok(id));
        assert_eq!(text.to_uppercase().parse::<DocumentId>(), Ok(id));
        assert!(text[1..].parse::<DocumentId>().is_err());
        assert!("no such id".parse::<DocumentId>().is_err());
    }
}
