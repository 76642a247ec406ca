//! Counts the words of a folder of texts: an event-driven workflow that asks people about doubtful files.
//!
//! Read `workflow.rs` first. `program.rs` runs it, and `terminal.rs` asks the questions.

mod events;
mod report;
mod text;
mod workflow;

pub use events::{Doubtful, Verdict};
pub use report::Report;
pub use workflow::{Corpus, Counts, Ingest, Settings};
