//! The real app, end to end.

#![cfg(target_os = "linux")]

#[path = "e2e/start.rs"]
mod start;
