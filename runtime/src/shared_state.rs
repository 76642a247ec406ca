//! State that the concurrent steps of a run share: its declaration, its form in memory, and its rows.

mod definition;
mod live;
pub(crate) mod rows;

pub(crate) use definition::StateKind;
pub use definition::{StateDef, TypedState};
pub(crate) use live::{KnownEdit, SharedState, StateEdit, StateEvent, StateOpening, StateSnapshot, StepIsOver};
