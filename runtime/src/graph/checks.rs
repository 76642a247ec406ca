//! The rules of a graph, checked by the compiler: one function for each rule, called in a constant at the user's token.

mod ends;
mod events;
mod fan_in;
mod options;

pub use super::ways::Ways;
pub use ends::{has_start, has_stop, one_start, reaches_stop};
pub use events::{produced_is_taken, taken_is_produced, taken_once};
pub use fan_in::{collected_at_one_level, collected_from};
pub use options::{catch_takes_failures, updates_its_context, workers_have_work};

type Steps = [super::shape::StepShape];
