//! Drives the real app as a person would: a window on a screen of its own, keys and clicks, and now and then a
//! power cut. [`App`] is a running app; [`wait_until`] is how a test waits, since a fixed pause is always too long
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

// The driver and the way the app's process is found are Linux's; so are `setpriv` and the virtual screen.
#![cfg(target_os = "linux")]

mod app;
pub mod keys;
mod process;
mod wait;
mod webdriver;

pub use app::{App, Place, binary, command_line, pictures};
pub use wait::{PATIENCE, wait_until};
pub use webdriver::DriverError;
