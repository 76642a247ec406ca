//! The state that the concurrent steps of a run share: what a workflow declares, as it stands in memory, and how it is recorded.

mod definition;
mod live;
pub(crate) mod rows;

pub(crate) use definition::StateKind;
pub use definition::{StateDef, TypedState};
pub(crate) use live::{KnownEdit, SharedState, StateEdit, StateEvent, StateOpening, StateSnapshot, StepIsOver};
