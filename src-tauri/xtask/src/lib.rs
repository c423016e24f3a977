//! What the developer's commands and the end-to-end tests share: a screen for machines that have none
//! ([`display::Display`]), and programs that end with them ([`child`]). Only the standard library, since it is compiled before anything else.
//!
//! ```no_run
//! use std::process::Command;
//!
//! let screen = inkfold_xtask::display::Display::start((1280, 900))?;
//! let mut app = Command::new("target/debug/inkfold");
//! screen.lend_to(&mut app);
//! app.spawn()?;
//! screen.picture("window.png".as_ref())?;
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod child;
pub mod display;
