//! A step of a graph under its name, and a closure in its place.

use super::body;
use super::payload::Inputs;
use crate::codec::CodecError;
use crate::context::Anything;
use crate::error::Failure;
use crate::graph::Emits;
use crate::journal::StepBody;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// One step of an event-driven workflow, for a test that puts a closure in its place: `Ingest::steps().fetch`.
///
/// Its types are those of the step: the events that it takes, as a tuple, what it returns, and its error.
pub struct StepOf<Events, Output, Error> {
    /// The recorded names.
    workflow: &'static str,
    name: &'static str,
    events: fn(&Inputs) -> Result<Events, CodecError>,
    is_final: fn(&Error) -> bool,
    output: PhantomData<fn() -> Output>,
}

impl<Events, Output, Error> StepOf<Events, Output, Error> {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        workflow: &'static str,
        name: &'static str,
        events: fn(&Inputs) -> Result<Events, CodecError>,
        is_final: fn(&Error) -> bool,
    ) -> Self {
        Self { workflow, name, events, is_final, output: PhantomData }
    }

    /// The name of its workflow, and its own.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "stubs exist in tests only"))]
    pub(crate) const fn names(&self) -> (&'static str, &'static str) {
        (self.workflow, self.name)
    }

    /// A closure in its place.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "stubs exist in tests only"))]
    pub(crate) fn stub(self, stub: impl Fn(Events) -> Result<Output, Error> + Send + Sync + 'static) -> Anything
    where
        Events: Send + 'static,
        Output: Emits,
        Error: Failure,
    {
        let stub = Arc::new(stub);
        let Self { events, is_final, .. } = self;
        let make = move |inputs: Inputs| -> Arc<dyn StepBody> {
            let stub = stub.clone();
            Arc::new(body::StubBody::new(inputs, events, is_final, stub))
        };
        Arc::new(GraphStub(Box::new(make)))
    }
}

/// Makes the body that runs in the place of a step, of what the step would take.
pub(super) struct GraphStub(Box<dyn Fn(Inputs) -> Arc<dyn StepBody> + Send + Sync>);

impl GraphStub {
    pub(super) fn body(&self, inputs: Inputs) -> Arc<dyn StepBody> {
        (self.0)(inputs)
    }
}

impl<Events, Output, Error> fmt::Debug for StepOf<Events, Output, Error> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.workflow, self.name)
    }
}
