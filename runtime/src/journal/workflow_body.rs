//! Registered workflows without their types, as the engine drives them.

use super::Journal;
use crate::codec::CodecError;
use crate::context::Schema;
use crate::shared_state::StateDef;
use crate::value::Value;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The end of a workflow body.
pub(crate) enum BodyEnd {
    Completed(Value),
    Failed(Value),
    /// The returned value cannot be stored, for this reason.
    Unstorable(String),
}

/// A registered workflow without its types.
pub(crate) trait AnyWorkflow: Send + Sync {
    /// Returns the schema of its context, if it has one.
    fn schema(&self) -> Option<&'static Schema>;

    /// Returns the state that its concurrent steps share, if it declares one.
    fn state(&self) -> Option<StateDef>;

    /// Returns the roles of which the principal of a run needs one; empty if none is needed.
    fn roles(&self) -> &'static [&'static str];

    /// Returns which of its input, result and error holds a secret, as far as their types tell.
    fn secret_place(&self) -> Option<&'static str>;

    /// Returns the names of the events that it takes from outside, if it is event-driven.
    fn events(&self) -> Option<Vec<&'static str>>;

    /// Returns the function that replaces the body when the run is ended early.
    fn on_end(&self) -> OnEnd;

    /// Creates the body for a recorded input.
    fn body(&self, journal: Arc<dyn Journal>, input: &Value) -> Result<BoxFuture<'static, BodyEnd>, CodecError>;
}

/// A function that creates the body for an early end of a run, given the reason.
pub(crate) type OnEnd = fn(Arc<dyn Journal>, String) -> Option<BoxFuture<'static, ()>>;
