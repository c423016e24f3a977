//! Drives the real app as a person would: a window on a screen of its own, keys and clicks, and now and then a
//! power cut. [`App`] is a running app, [`Installation`] the command line, [`Syncthing`] what carries their folders; [`wait_until`] is how a test waits, since a fixed pause is always too long
//! on one machine and too short on another.
//!
//! These tests prove the wiring only: what merges and what is stored is tested where it is decided, without a
//! window, a thousand times faster.
//!
//! ```no_run
//! use inkfold_tests::{App, keys};
//!
//! let mut app = App::start("/tmp/anna".as_ref());
//! app.click("start-write");
//! app.type_keys(&format!("Hello{}", keys::ENTER));
//! app.wait_for_state("whereabouts", "onThisDevice");
//! app.close();
//! ```

// Signals and the modes of files, which the command line is tried with, are Unix's.
#![cfg(unix)]

// The driver and the way the app's process is found are Linux's; so are `setpriv` and the virtual screen.
#[cfg(target_os = "linux")]
mod app;
#[cfg(target_os = "linux")]
mod http;
mod installation;
#[cfg(target_os = "linux")]
pub mod keys;
#[cfg(target_os = "linux")]
mod process;
mod program;
#[cfg(target_os = "linux")]
mod syncthing;
mod wait;
#[cfg(target_os = "linux")]
mod webdriver;

#[cfg(target_os = "linux")]
pub use app::{App, Place, command_line, pictures};
pub use installation::{Dice, Done, Installation, Watch, path_text, shared};
pub use program::binary;
#[cfg(target_os = "linux")]
pub use syncthing::Syncthing;
pub use wait::{PATIENCE, wait_until};
#[cfg(target_os = "linux")]
pub use webdriver::DriverError;
