//! Event-driven workflows: steps that are routed by the events they take and return.
//!
//! An event-driven workflow is an ordinary workflow whose body is the dispatch loop: the same engine, the same journal.
//! `#[workflow]` on an `impl` generates a [`Graph`].

mod answers;
mod body;
mod catch;
pub mod checks;
mod collect;
mod definition;
pub(crate) mod diagram;
mod dispatch;
mod emit;
pub(crate) mod event;
pub(crate) mod items;
mod one_of;
mod path;
mod payload;
mod plan;
mod probe;
mod scopes;
mod send;
mod shape;
mod start;
mod streamed;
mod stub;
mod take;
mod text;
mod updated;
mod ways;

pub use answers::{Answered, Ask};
pub use catch::Caught;
pub use collect::Collects;
pub use definition::{
    AnyStep, Graph, GraphOutcome, GraphStep, body, body_in_context, diagram, same_context, same_state,
};
pub use diagram::Diagram;
pub use emit::{Emission, Emits};
pub use event::{Event, EventReader, EventWriter};
pub use one_of::OneOf;
pub(crate) use path::Path;
pub use payload::Inputs;
pub use plan::Plan;
pub use probe::{Beside, EndOf, EndsWith, OtherwiseBeside, OtherwiseEnd, OtherwiseStep, StepProbe};
pub use shape::{Input, Shape, StepShape, Trigger};
pub use start::{Begin, BeginInput, BothBegin, BothStop, NoBegin, NoStop, Stop, StopResult};
pub use stub::StepOf;
#[cfg_attr(not(feature = "testing"), allow(unused_imports, reason = "stubs exist in tests only"))]
pub(crate) use stub::stub;
pub use take::Takes;
pub use updated::Updated;
