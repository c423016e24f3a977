//! Sessions over real directories and a real folder, driven as windows and scripts drive them.

mod acknowledgements;
mod blobs;
mod clocks;
mod folder_care;
mod health;
mod identity;
mod joining;
mod presence;
mod random_edits;
mod recovery;
mod sharing;
mod snapshots;
mod table;
mod two_installations;
mod undo;
mod waiting;
mod windows;
