//! Undo and redo: what a writer takes back, and what stays.

mod alone;
mod person;
