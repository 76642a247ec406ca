//! The history of a run: its events, how they are written down, and the seam by which a running workflow asks for more.
//!
//! Nothing here knows a user's type: values are bytes with a [`Form`](crate::value::Form).

mod history;
mod operation;
mod seam;
#[cfg(feature = "testing")]
mod stubs;
mod workflow_body;

pub use crate::record::{AttemptOutcome, FORMAT, Kind, Principal, RoutedValue, RunIdentity, RunScope, Shown};
pub use history::HistoryEntry;
pub use operation::{Child, Operation, SENT};
pub use seam::Due;
pub use seam::{Completion, ContextChange, Continued, Journal, Recorded, StepBody, StepCallSpec};
#[cfg(feature = "testing")]
pub(crate) use stubs::Stubs;
pub(crate) use workflow_body::{AnyWorkflow, BodyEnd, OnEnd};
