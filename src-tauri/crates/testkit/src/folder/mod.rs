//! A shared folder with everything that can happen to one: computers' disks in memory, sync services between them, and
//! faults by the names under which they are known and counted.
//!
//! - [`disk`]: one computer's disk, a [`FileSystem`](inkfold_folder::FileSystem) whose every call can fail or be the last.
//! - [`clock`]: time that only a simulation moves.
//! - [`faults`]: the faults' names, and how often each was injected.
//! - [`service`]: how each sync service names what it makes.
//! - [`carrier`]: a service at work between disks.
//! - [`watcher`]: what the system tells of changes, and what it doesn't.
//! - [`forge`]: segments put together by hand.
//! - [`mischief`]: what services, disks and strangers do to the files that they carry.
//!
//! Everything is drawn from a seed; the same seed does the same again.

pub mod carrier;
pub mod clock;
pub mod disk;
pub mod faults;
pub mod forge;
pub mod mischief;
pub mod service;
pub mod watcher;
