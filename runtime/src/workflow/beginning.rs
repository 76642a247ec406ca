//! Sets the context of a new run, without the context's type: compiled once, and not again for each workflow.

use super::Flow;
use super::changing::{append, refused_before};
use super::saving::save_routed;
use crate::context::{ContextError, ContextType, Loading, RecordedFields, SharedContext};
use crate::context::{Declared, Stored};
use crate::fields::Coder;
use crate::journal::{ContextChange, Journal, Recorded};
use futures_util::future::BoxFuture;
use std::future::pending;
use std::marker::PhantomData;
use std::sync::Arc;

/// A workflow whose context is not set yet.
pub(super) struct Beginning {
    journal: Arc<dyn Journal>,
    kind: ContextType,
}

/// The parts of a workflow's handle once its context is set.
#[doc(hidden)]
pub struct Begun {
    journal: Arc<dyn Journal>,
    context: SharedContext,
    older: Option<Box<RecordedFields>>,
}

impl Begun {
    /// Returns the handle.
    #[must_use]
    pub fn into_flow<C>(self) -> Flow<C> {
        let Self { journal, context, older } = self;
        Flow { journal, context: Some(context), older, types: PhantomData }
    }
}

impl Beginning {
    pub(super) fn new<C: Declared>(journal: Arc<dyn Journal>) -> Self {
        Self { journal, kind: (C::CODE.kind)() }
    }

    /// Returns the final context of the run that this one continues, or `None` if it continues none.
    ///
    /// # Errors
    /// It is another context, or does not decode.
    pub(super) fn continued(&self) -> Result<Option<SharedContext>, ContextError> {
        let Some(continued) = self.journal.continued() else { return Ok(None) };
        if continued.context != self.kind.name() {
            let message = format!("the run continues one with context `{}`", continued.context);
            return Err(ContextError { context: self.kind.name().into(), field: None, message });
        }
        let loaded = Loading::set(self.journal.coder(), self.kind, continued.version, continued.rows);
        loaded.map(|(context, _)| Some(context))
    }

    /// Sets the context at a command index; calls `fresh` if the history has none.
    pub(super) fn set(
        self,
        position: u64,
        fresh: Box<dyn FnOnce(Coder<'_>) -> Stored + Send>,
    ) -> BoxFuture<'static, Result<Begun, ContextError>> {
        Box::pin(async move {
            let change = ContextChange::Set { context: self.kind.name(), schema: self.kind.schema() };
            let (context, older) = match self.journal.recorded_change(position, &change) {
                Recorded::New => {
                    let mut stored = fresh(self.journal.coder());
                    if let Ok((context, values)) = &mut stored {
                        match save_routed(&*self.journal, position, &change, values).await {
                            Ok(()) => context.point_to_stored(self.journal.coder(), values)?,
                            Err(error) => stored = Err(error),
                        }
                    }
                    (append(&*self.journal, position, &change, stored)?, None)
                }
                Recorded::Made { version, rows } => {
                    match Loading::set(self.journal.coder(), self.kind, version, rows) {
                        Ok(loaded) => loaded,
                        Err(error) => return self.park(position, &error).await,
                    }
                }
                Recorded::Refused(error) => match refused_before(&*self.journal, position, &error) {
                    Some(error) => return Err(error),
                    None => return pending().await,
                },
                Recorded::Outside(message) => {
                    return Err(ContextError { context: self.kind.name().into(), field: None, message });
                }
                Recorded::Abandoned | Recorded::Diverged => return pending().await,
            };
            self.journal.share_context(Some(context.clone()));
            Ok(Begun { journal: self.journal, context, older })
        })
    }

    /// Sets the context to its defaults, or to that of the run which this one continues. A default that cannot be
    /// stored parks the run: this is a fault of the program and not of the run, so nothing is recorded, and fixed code
    /// continues.
    pub(super) fn with_defaults(self, defaults: fn(Coder<'_>) -> Stored) -> BoxFuture<'static, Begun> {
        Box::pin(async move {
            let (journal, position) = (self.journal.clone(), self.journal.next_command_index());
            let coder = journal.coder();
            let begun = self.continued().and_then(|continued| match continued {
                Some(continued) => continued.store_all(coder),
                None => defaults(coder),
            });
            let begun = match begun {
                Ok(stored) => self.set(position, Box::new(|_| Ok(stored))).await,
                Err(error) => Err(error),
            };
            match begun {
                Ok(begun) => begun,
                // The workflow has no way to receive this error, so the run is parked.
                Err(error) => {
                    journal.cannot_begin(position, error.to_string());
                    pending().await
                }
            }
        })
    }

    /// Parks the run because its recorded context cannot be read; never returns.
    pub(super) async fn park<T>(&self, position: u64, why: &ContextError) -> T {
        self.journal.unreadable(position, why.to_string());
        pending().await
    }
}
