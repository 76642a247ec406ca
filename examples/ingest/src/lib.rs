//! Counts the words of a folder of texts: an event-driven workflow that asks people about doubtful files.
//!
//! Read `workflow.rs` first. The program around it is in `program.rs`, and the questions on the terminal in `terminal.rs`.

mod events;
mod report;
mod text;
mod workflow;

pub use events::{Doubtful, Verdict};
pub use report::Report;
pub use workflow::{Corpus, Counts, Ingest, Settings};
