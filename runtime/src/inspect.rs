//! Looks into a database of runs: read-only, without the types of the program.

pub(crate) mod changes;
pub(crate) mod fleet;
pub(crate) mod heard;
pub(crate) mod recorded;
#[cfg(feature = "schedules")]
pub(crate) mod schedules;
pub(crate) mod waits;

pub use fleet::Worker;
#[cfg(feature = "schedules")]
pub use schedules::{Firing, FiringOutcome, ScheduleInfo};
pub use waits::{Wait, WaitsFor};
