//! The history of a run: its entries, their encoding, and the seam by which a running workflow issues commands.
//!
//! The modules know no user types: values are bytes with an [`Encoding`](crate::value::Encoding).

mod asked;
mod attempt;
mod history;
mod seam;
#[cfg(feature = "testing")]
mod stubs;
mod workflow_body;

pub(crate) use crate::command::Due;
pub(crate) use asked::{Asked, ChildRun, Queued, SENT, StepRun};
pub(crate) use attempt::{Attempt, keep_fault};
pub use history::HistoryEntry;
pub(crate) use seam::{Completion, ContextChange, Continued, Journal, Recorded, StepBody};
#[cfg(feature = "testing")]
pub(crate) use stubs::Stubs;
pub(crate) use workflow_body::{AnyWorkflow, BodyEnd, OnEnd};
