//! What Inkfold's engine is tested with: a naive model of a document, random histories, tables of behaviour, and a
//! reader of real people's editing traces. For development only.
//!
//! - [`model`] says what a set of records means, by the letter of `FORMAT.md` and as plainly as can be: [`model::fold`].
//! - [`history`] makes records as several replicas would that edit at the same time: [`history::History`].
//! - [`table`] reads and shows documents and edits as text; [`rows`] are the rows that every fold has to show.
//! - [`page`] and [`edit`] are between the two: what somebody sees, and the events that an edit on it is written as.
//! - [`folder`] is a shared folder with everything that can happen to one: disks, sync services, faults.
//! - [`trace`] reads editing traces, [`replay`] turns them into records.
//!
//! A fold is right if it shows the same as the model, in whatever order the records come:
//!
//! ```
//! use inkfold_testkit::history::{Delivery, History, Plan};
//! use inkfold_testkit::model::fold;
//!
//! let history = History::generate(&Plan::mixed(7));
//! let expected = fold(&history.records);
//! for delivery in Delivery::ALL {
//!     let batches = history.deliver(delivery, 1);
//!     assert_eq!(fold(&batches.concat()), expected, "{delivery:?}");
//! }
//! ```
#![deny(missing_docs)]

pub mod edit;
pub mod folder;
pub mod history;
pub mod model;
pub mod page;
pub mod replay;
pub mod rows;
pub mod table;
pub mod trace;
