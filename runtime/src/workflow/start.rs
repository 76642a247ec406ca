//! A workflow whose context is not set yet.

use super::Flow;
use super::saving::save_routed;
use super::update::{append, refused_before};
use crate::context::{ContextError, DefaultContext, FieldValues, Loading, SharedContext, StepContext, StoredContext};
use crate::journal::{ContextChange, Journal, Recorded};
use std::marker::PhantomData;
use std::sync::Arc;

/// A workflow whose context is not set yet: steps that read no context can be called with it, others cannot.
///
/// [`with`](Start::with) sets the context and gives the [`Flow`].
pub struct Start<C = ()> {
    pub(super) journal: Arc<dyn Journal>,
    context: PhantomData<fn() -> C>,
}

impl<C: Send + Sync + 'static> Start<C> {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, context: PhantomData }
    }

    /// The id of the run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.journal.identity().id
    }
}

impl Start<()> {
    /// The handle of a workflow without a context.
    #[doc(hidden)]
    #[must_use]
    pub fn without_context(self) -> Flow<()> {
        Flow { journal: self.journal, context: None, older: None, types: PhantomData }
    }
}

impl<C: StepContext> Start<C> {
    /// Sets the stored part of the context and gives the handle that carries it.
    ///
    /// In a replay the recorded context is the one that the handle carries.
    ///
    /// # Errors
    /// A field's value cannot be stored: the error names it. The error is recorded, so a replay meets it again.
    pub async fn with(self, context: C::Stored) -> Result<Flow<C>, ContextError> {
        let position = self.journal.draw();
        self.set(position, || context.store_all()).await
    }

    /// Sets the context to that of the run which this one continues, or else to the one that the closure makes.
    ///
    /// # Errors
    /// A field's value cannot be stored: the error names it. The error is recorded, so a replay meets it again.
    pub async fn with_continued_or(self, fresh: impl FnOnce() -> C::Stored) -> Result<Flow<C>, ContextError> {
        let context = match self.load_continued() {
            Ok(continued) => continued.unwrap_or_else(fresh),
            Err(error) => return self.park(0, &error).await,
        };
        self.with(context).await
    }

    /// The stored part of the context with which the run has ended that this one continues; `None` if it continues none:
    /// see [`StartCall::continuing`](crate::StartCall::continuing).
    ///
    /// What no longer decodes parks the run: then this is `None`, and what the workflow does with it is not recorded.
    #[must_use]
    pub fn continued(&self) -> Option<C::Stored> {
        match self.load_continued() {
            Ok(continued) => continued,
            Err(error) => {
                self.journal.unreadable(0, error.to_string());
                None
            }
        }
    }

    fn load_continued(&self) -> Result<Option<C::Stored>, ContextError> {
        let Some(continued) = self.journal.continued() else { return Ok(None) };
        if continued.context != C::Stored::NAME {
            let message = format!("the run continues one with context `{}`", continued.context);
            return Err(ContextError { context: C::Stored::NAME.into(), field: None, message });
        }
        let loaded = Loading::<C::Stored>::set(continued.version, continued.rows);
        loaded.map(|(context, _)| Some(context))
    }

    /// Sets the context at a position; `store` is called if the history has none.
    async fn set(
        self,
        position: u64,
        store: impl FnOnce() -> Result<(C::Stored, FieldValues), ContextError>,
    ) -> Result<Flow<C>, ContextError> {
        let change = ContextChange::Set { context: C::Stored::NAME, schema: C::Stored::schema() };
        let (context, older) = match self.journal.recorded_change(position, &change) {
            Recorded::New => {
                let mut stored = store();
                if let Ok((context, values)) = &mut stored {
                    match save_routed(&*self.journal, position, &change, values).await {
                        Ok(()) => context.point_to_stored(values)?,
                        Err(error) => stored = Err(error),
                    }
                }
                (append(&*self.journal, position, &change, stored)?, None)
            }
            Recorded::Made { version, rows } => match Loading::set(version, rows) {
                Ok(loaded) => loaded,
                Err(error) => return self.park(position, &error).await,
            },
            Recorded::Refused(error) => return refused_before(&*self.journal, position, &error).await,
            Recorded::Abandoned | Recorded::Diverged => return std::future::pending().await,
        };
        let context = SharedContext::new::<C>(Arc::new(context));
        self.journal.share_context(Some(context.clone()));
        Ok(Flow { journal: self.journal, context: Some(context), older, types: PhantomData })
    }

    async fn park<T>(self, position: u64, why: &ContextError) -> T {
        self.journal.unreadable(position, why.to_string());
        std::future::pending().await
    }
}

impl<C: DefaultContext> Start<C> {
    /// Sets the context with every field at its default, or to that of the run which this one continues. A default that
    /// cannot be stored parks the run: it is a fault of the program and not of this run, so nothing is recorded and mended
    /// code goes on.
    #[doc(hidden)]
    pub async fn with_defaults(self) -> Flow<C> {
        let position = self.journal.draw();
        let begun = self.load_continued().map(|continued| continued.unwrap_or_else(C::from_defaults));
        match begun.and_then(StoredContext::store_all) {
            Err(error) => cannot_begin(&*self.journal, position, &error).await,
            Ok(stored) => {
                let journal = self.journal.clone();
                match self.set(position, || Ok(stored)).await {
                    Ok(flow) => flow,
                    Err(error) => cannot_begin(&*journal, position, &error).await,
                }
            }
        }
    }
}

/// The handle for the step that runs once a run is told to stop.
pub(super) fn cancelled_flow<C: Send + Sync + 'static>(start: Start<C>) -> Flow<C> {
    let context = start.journal.context();
    Flow { journal: start.journal, context, older: None, types: PhantomData }
}

/// The workflow cannot go on, and has nobody to tell.
async fn cannot_begin<T>(journal: &dyn Journal, position: u64, why: &ContextError) -> T {
    journal.cannot_begin(position, why.to_string());
    std::future::pending().await
}
