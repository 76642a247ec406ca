//! Stubs: closures that replace steps of a graph in tests.

use super::body;
use super::definition::GraphStep;
use super::payload::Inputs;
use crate::journal::StepBody;
use crate::resources::Anything;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Items that exist with the feature `testing` only.
#[cfg(feature = "testing")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_testing {
    ($($item:item)*) => { $($item)* };
}

/// Items that exist with the feature `testing` only.
#[cfg(not(feature = "testing"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_testing {
    ($($item:item)*) => {};
}

/// One step of an event-driven workflow, for a test that replaces it by a closure: `Ingest::steps().fetch`. A graph has
/// `steps` with the feature `testing` only.
pub struct StepOf<S> {
    /// The recorded names.
    workflow: &'static str,
    name: &'static str,
    step: PhantomData<fn() -> S>,
}

impl<S> Clone for StepOf<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for StepOf<S> {}

impl<S> StepOf<S> {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(workflow: &'static str, name: &'static str) -> Self {
        Self { workflow, name, step: PhantomData }
    }

    /// Returns the name of its workflow, and its own.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "stubs exist in tests only"))]
    pub(crate) const fn names(&self) -> (&'static str, &'static str) {
        (self.workflow, self.name)
    }
}

/// Creates a stub: a closure that replaces a step.
#[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "stubs exist in tests only"))]
pub(crate) fn stub<S: GraphStep>(
    stub: impl Fn(S::Events) -> Result<S::Output, S::Error> + Send + Sync + 'static,
) -> Anything {
    let stub = Arc::new(stub);
    let make = move |inputs: Inputs| -> Arc<dyn StepBody> {
        let stub = stub.clone();
        Arc::new(body::StubBody::new(inputs, S::events, S::IS_FINAL, stub))
    };
    Arc::new(GraphStub(Box::new(make)))
}

/// Creates the body that replaces a step, from the events that the step would take.
pub(super) struct GraphStub(Box<dyn Fn(Inputs) -> Arc<dyn StepBody> + Send + Sync>);

impl GraphStub {
    pub(super) fn body(&self, inputs: Inputs) -> Arc<dyn StepBody> {
        (self.0)(inputs)
    }
}

impl<S> fmt::Debug for StepOf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.workflow, self.name)
    }
}

/// A test: without the feature, a graph has no function `steps`.
///
/// ```compile_fail,E0599
/// use steadfast::prelude::*;
///
/// struct Plain;
///
/// #[workflow]
/// impl Plain {
///     #[step]
///     async fn begin(_: Begin<()>) -> Result<Stop<()>> {
///         Ok(Stop(()))
///     }
/// }
///
/// let _ = Plain::steps();
/// ```
#[cfg(all(doctest, not(feature = "testing")))]
pub struct NoSteps;
