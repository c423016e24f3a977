//! The real app, end to end.

#[path = "e2e/start.rs"]
mod start;
