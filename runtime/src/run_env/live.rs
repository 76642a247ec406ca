//! The values of a run's transient fields: made once per load.

use crate::context::Anything;
use crate::context::{RestoreError, SharedContext};
use crate::resources::Resources;
use std::sync::{Mutex, PoisonError};
use tokio::sync::OnceCell;

/// The values of a run's transient fields, and the whole context that was last made of them.
#[derive(Default)]
pub(crate) struct Live {
    values: OnceCell<Anything>,
    whole: Mutex<Option<(SharedContext, Anything)>>,
}

impl Live {
    /// Makes the values, unless they have been made; whoever comes meanwhile waits for them.
    pub(crate) async fn restore(&self, context: &SharedContext, resources: &Resources) -> Result<(), RestoreError> {
        self.values.get_or_try_init(|| context.restore(resources.clone())).await.map(drop)
    }

    /// Whether a body that sees this context can start.
    pub(crate) fn is_ready_for(&self, context: &SharedContext) -> bool {
        context.transient().is_empty() || self.values.initialized()
    }

    /// The whole context for a step: one object for each version of the context.
    pub(crate) fn whole(&self, context: &SharedContext) -> Option<Anything> {
        if context.transient().is_empty() {
            return Some(context.to_stored());
        }
        let values = self.values.get()?;
        let mut last = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, whole)) = &*last
            && of.is_same(context)
        {
            return Some(whole.clone());
        }
        let whole = context.whole(values)?;
        *last = Some((context.clone(), whole.clone()));
        Some(whole)
    }
}

/// The values are the user's business.
impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("made", &self.values.initialized()).finish_non_exhaustive()
    }
}
