//! Steps that run in another process.

use crate::context::{ContextType, Declared};
use std::marker::PhantomData;

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
    pub const fn reading(queue: &'static str, context: RemoteContext) -> Self {
        Self { queue, context: context.0 }
    }
}

/// The context of a step in another process.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct RemoteContext(fn() -> Option<ContextType>);

/// The context of a step by its type `C`, which may be no context. The inherent constant takes precedence over that of
/// the trait below where its bounds hold.
#[doc(hidden)]
#[derive(Debug)]
pub struct RemoteContextOf<C>(PhantomData<C>);

impl<C: Declared> RemoteContextOf<C> {
    /// The context.
    pub const CONTEXT: RemoteContext = RemoteContext(|| Some((C::CODE.kind)()));
}

/// The answer of [`RemoteContextOf`] for a type that is no context, which is an error elsewhere.
#[doc(hidden)]
pub trait OtherwiseRemoteContext {
    /// None.
    const CONTEXT: RemoteContext = RemoteContext(|| None);
}

impl<C> OtherwiseRemoteContext for RemoteContextOf<C> {}
