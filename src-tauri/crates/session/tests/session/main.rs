//! Sessions over real directories and a real folder, driven as windows and scripts drive them.

mod acknowledgements;
mod folder_care;
mod presence;
mod random_edits;
mod snapshots;
mod table;
mod two_installations;
mod undo;
mod windows;
