//! What is written down. `src-tauri/FORMAT.md` is the normative description; golden files hold it still.

mod bytes;
pub(crate) mod canonical;
mod columns;
mod runs;

pub use bytes::{DecodeError, Reader, Writer, unzigzag, zigzag};
pub use canonical::{canonical_bytes, canonical_size_at_most, decode_canonical, write_canonical};
pub(crate) use canonical::{read_attributes, read_option, write_attributes, write_option};
pub use columns::{BlockHeader, BlockLimits, BlockWriter, ParentRef, RecordParts, decode_block, encode_block};
