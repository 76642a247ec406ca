//! Steps that run in another process.

use crate::context::{ContextType, StepContext, context_type};

/// How a step runs in another process: the queue in which its calls wait for an engine, and the context that it reads.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Remote {
    pub(crate) queue: &'static str,
    pub(crate) context: fn() -> Option<ContextType>,
}

impl Remote {
    /// A step that reads no context.
    #[must_use]
    pub const fn alone(queue: &'static str) -> Self {
        Self { queue, context: || None }
    }

    /// A step that reads this context.
    #[must_use]
    pub const fn reading<C: StepContext>(queue: &'static str) -> Self {
        Self { queue, context: || Some(context_type::<C>()) }
    }
}
