//! The real app, end to end.

#![cfg(target_os = "linux")]

#[path = "e2e/bisync.rs"]
mod bisync;
#[path = "e2e/blocks.rs"]
mod blocks;
#[path = "e2e/figures.rs"]
mod figures;
#[path = "e2e/health.rs"]
mod health;
#[path = "e2e/home.rs"]
mod home;
#[path = "e2e/images.rs"]
mod images;
#[path = "e2e/killed.rs"]
mod killed;
#[path = "e2e/people.rs"]
mod people;
#[path = "e2e/refused.rs"]
mod refused;
#[path = "e2e/sidebar.rs"]
mod sidebar;
#[path = "e2e/start.rs"]
mod start;
#[path = "e2e/storm.rs"]
mod storm;
#[path = "e2e/syncthing.rs"]
mod syncthing;
#[path = "e2e/third.rs"]
mod third;
#[path = "e2e/together.rs"]
mod together;
#[path = "e2e/undo.rs"]
mod undo;
#[path = "e2e/without_folder.rs"]
mod without_folder;
