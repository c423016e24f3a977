//! x
/// Wire types.
pub mod wire;
