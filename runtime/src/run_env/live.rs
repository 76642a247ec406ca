//! Values of a run's transient fields, made once per load.

use crate::context::{RestoreError, SharedContext};
use crate::panics::Held;
use crate::resources::{Anything, Resources};
use std::sync::{Mutex, PoisonError};
use tokio::sync::OnceCell;

/// The values of a run's transient fields, and the last whole context made with them.
#[derive(Default)]
pub(crate) struct Live {
    values: OnceCell<Held<Anything>>,
    whole: Mutex<Option<(SharedContext, Held<Anything>)>>,
}

impl Live {
    /// Makes the values, unless they exist; concurrent callers wait for them.
    pub(crate) async fn restore(&self, context: &SharedContext, resources: &Resources) -> Result<(), RestoreError> {
        let make = || async { context.restore(resources).await.map(Held::new) };
        self.values.get_or_try_init(make).await.map(drop)
    }

    /// Returns whether a body that sees this context can start.
    pub(crate) fn is_ready_for(&self, context: &SharedContext) -> bool {
        context.transient().is_empty() || self.values.initialized()
    }

    /// Returns the whole context for a step: one object for each version of the context.
    pub(crate) fn whole(&self, context: &SharedContext) -> Option<Anything> {
        if context.transient().is_empty() {
            return Some(context.to_stored());
        }
        let values = self.values.get()?;
        let mut last = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, whole)) = &*last
            && of.is_same(context)
        {
            return Some(Anything::clone(whole));
        }
        let whole = context.whole(values)?;
        let before = last.replace((context.clone(), Held::new(whole.clone())));
        // The drop runs user code, and others wait for the lock.
        drop(last);
        drop(before);
        Some(whole)
    }
}

/// Omits the values, which may be private.
impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("made", &self.values.initialized()).finish_non_exhaustive()
    }
}
