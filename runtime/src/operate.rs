//! Acts on runs, queues and schedules without the types of the program, and records who did what, and why.
//!
//! An [`Operator`] opens a file of SQLite or a database of Postgres, or acts through a running engine
//! ([`Engine::operate`](crate::Engine::operate)). It drives no run and takes none over: engines that are at work on the
//! database do what it asks. [`Inspector::audit`](crate::inspect::Inspector::audit) reads the records.
//!
//! An action and its record are one commit. The few actions that take several ([`Acting::export`]) are recorded before and
//! after, so that one whose process dies stays in the records as begun.

mod acting;
mod garbage;
mod jobs;
mod operator;
mod places;
mod retry;
mod start;

pub use acting::{Acting, ForkOptions};
pub use operator::Operator;
pub use places::QueueSetting;
pub use start::StartOptions;
