//! The store's tests over both backends. One program, so that it is linked once.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should say where")]

mod chains;
mod contract;
mod crash;
mod model;
mod operations;
mod support;
mod versions;
