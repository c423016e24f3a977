//! Undo and redo: what a writer takes back, and what stays.

#[path = "../common/mod.rs"]
mod common;

mod alone;
mod among;
mod rows;
mod script;
mod selection;
mod together;
