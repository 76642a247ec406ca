//! A registered workflow without its types: what drives a run knows no more of it.

use super::Journal;
use crate::codec::CodecError;
use crate::context::Schema;
use crate::shared_state::StateDef;
use crate::value::Value;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// How the body of a workflow ended.
pub(crate) enum BodyEnd {
    Completed(Value),
    Failed(Value),
    /// It returned what cannot be stored.
    Unstorable(String),
}

/// A registered workflow without its types.
pub(crate) trait AnyWorkflow: Send + Sync {
    /// What its context consists of, if it has one.
    fn schema(&self) -> Option<&'static Schema>;

    /// The state that its concurrent steps share, if it declares one.
    fn state(&self) -> Option<StateDef>;

    /// Roles of which the principal of a run needs one; none is needed if it is empty.
    fn roles(&self) -> &'static [&'static str];

    /// What of its input, result and error holds a secret, as far as their names tell.
    fn secret_place(&self) -> Option<&'static str>;

    /// The names of the events that it takes from outside, if it is event-driven.
    fn events(&self) -> Option<Vec<&'static str>>;

    /// What takes the place of the body when the run is told to end.
    fn on_end(&self) -> OnEnd;

    /// The body for a recorded input.
    fn body(&self, journal: Arc<dyn Journal>, input: &Value) -> Result<BoxFuture<'static, BodyEnd>, CodecError>;
}

/// What a workflow does when it is told to end, and why it is.
pub(crate) type OnEnd = fn(Arc<dyn Journal>, String) -> Option<BoxFuture<'static, ()>>;
