//! Test kit.
pub mod edit;
pub mod history;
pub mod model;
pub mod page;
pub mod trace;
