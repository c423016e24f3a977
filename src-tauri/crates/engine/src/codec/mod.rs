//! What is written down. `src-tauri/FORMAT.md` is the normative description; golden files hold it still.

mod bytes;
pub(crate) mod canonical;
mod columns;

pub use bytes::{DecodeError, Reader, Writer, unzigzag, zigzag};
pub use canonical::{canonical_bytes, decode_canonical};
pub use columns::{BlockHeader, ParentRef, RecordParts, decode_block, encode_block};
