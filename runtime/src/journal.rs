//! The history of a run: its events, how they are written down, and what a running workflow asks of whoever keeps it.
//!
//! Nothing here knows a user's type: values are bytes with a [`Form`](crate::value::Form).

mod history;
mod kind;
mod operation;
mod run_scope;
mod seam;

pub use history::HistoryEntry;
pub use kind::Kind;
pub use operation::{Child, Operation, SENT, Shown};
pub use run_scope::{Principal, RunScope};
pub use seam::Due;
pub use seam::{
    AttemptOutcome, Completion, ContextChange, Continued, Journal, Recorded, RoutedValue, RunIdentity, StepBody,
    StepCallSpec,
};

/// The format in which this version writes entries and fields. A row with a greater number is refused.
///
/// 2 has runs that were moved away or continue another one, and fields in stores; 3 has messages, requests, children, what
/// outsiders read, limits and patches; 4 has shared state, and events that steps send by hand.
pub const FORMAT: u16 = 4;
