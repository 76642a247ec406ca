//! The context of a run without its type: what steps and readers without a parameter get.

use super::{RestoreError, StepContext, StoredContext};
use crate::panics::Held;
use crate::resources::{Anything, Resources};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

/// The stored part of a run's context without its type, with what makes the whole of it.
#[derive(Clone)]
pub struct SharedContext(Arc<dyn AnyContext>);

impl SharedContext {
    pub(crate) fn new<C: StepContext>(stored: Arc<C::Stored>) -> Self {
        Self(Arc::new(Of::<C> { stored: Held::new(stored), context: PhantomData }))
    }

    /// The stored part, if it is of this type.
    pub(crate) fn stored<S: StoredContext>(&self) -> Option<&S> {
        self.0.stored().downcast_ref()
    }

    /// The stored part as a pointer of its own; what is left of this one is dropped.
    pub(crate) fn into_stored<S: StoredContext>(self) -> Option<Arc<S>> {
        let stored = self.0.share();
        drop(self);
        stored.downcast().ok()
    }

    pub(crate) fn to_stored(&self) -> Anything {
        self.0.share()
    }

    /// Its recorded name.
    pub(crate) fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The names of its transient fields.
    pub(crate) fn transient(&self) -> &'static [&'static str] {
        self.0.transient()
    }

    /// Makes the values of the transient fields.
    pub(crate) fn restore(&self, resources: Resources) -> BoxFuture<'static, Result<Anything, RestoreError>> {
        self.0.restore(resources)
    }

    /// The whole context, if `live` are the values that [`restore`](Self::restore) made.
    pub(crate) fn whole(&self, live: &Anything) -> Option<Anything> {
        self.0.whole(live)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.share(), &other.0.share())
    }
}

impl std::fmt::Debug for SharedContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedContext").finish_non_exhaustive()
    }
}

trait AnyContext: Send + Sync {
    fn stored(&self) -> &dyn Any;
    fn share(&self) -> Anything;
    fn name(&self) -> &'static str;
    fn transient(&self) -> &'static [&'static str];
    fn restore(&self, resources: Resources) -> BoxFuture<'static, Result<Anything, RestoreError>>;
    fn whole(&self, live: &Anything) -> Option<Anything>;
}

struct Of<C: StepContext> {
    stored: Held<Arc<C::Stored>>,
    context: PhantomData<fn() -> C>,
}

impl<C: StepContext> AnyContext for Of<C> {
    fn stored(&self) -> &dyn Any {
        &**self.stored
    }

    fn share(&self) -> Anything {
        Arc::<C::Stored>::clone(&self.stored)
    }

    fn name(&self) -> &'static str {
        C::CONTEXT
    }

    fn transient(&self) -> &'static [&'static str] {
        C::TRANSIENT
    }

    fn restore(&self, resources: Resources) -> BoxFuture<'static, Result<Anything, RestoreError>> {
        let stored = Arc::clone(&*self.stored);
        async move { C::restore(stored, resources).await.map(|live| Arc::new(live) as Anything) }.boxed()
    }

    fn whole(&self, live: &Anything) -> Option<Anything> {
        let live = live.downcast_ref::<C::Live>()?;
        Some(C::whole(&self.stored, live))
    }
}
