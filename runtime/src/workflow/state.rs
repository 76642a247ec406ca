//! The state that concurrent steps share, as the workflow sees it.

use super::Flow;
use crate::codec::Storable;
use crate::shared_state::{StateDef, TypedState};
use crate::state::{StateError, read_key};
use std::sync::Arc;

impl<C: Send + Sync + 'static> Flow<C> {
    /// The state that the steps of this run share, as of what the workflow last observed (a finished step, a timer, its
    /// start): the same in every replay. All edits of a step are in it once its result is.
    ///
    /// The workflow reads it, and steps [edit](crate::State::edit) it. If it is of another type than
    /// `#[workflow(state = ..)]` says, or does not decode with today's types, the run is parked, and what the workflow does
    /// with the defaults that it gets then is not recorded.
    #[must_use]
    pub fn state<S: TypedState>(&self) -> Arc<S> {
        let wanted = StateDef::of::<S>();
        let found = match self.journal.declared_state() {
            Some(declared) if declared == wanted => match self.journal.shared_state() {
                Ok(state) => state
                    .typed
                    .and_then(|typed| Arc::clone(&typed).downcast().ok())
                    .ok_or_else(|| "it is not there".into()),
                Err(error) => Err(error.to_string()),
            },
            Some(declared) => Err(format!("the workflow declares `state = {}`", declared.schema().name)),
            None => Err(format!("the workflow declares no shared state: write `#[workflow(state = {})]`", S::NAME)),
        };
        found.unwrap_or_else(|why| {
            self.journal.unreadable(0, format!("the shared state `{}`: {why}", S::NAME));
            Arc::new(S::from_defaults())
        })
    }

    /// The value of a key of the shared state, as of what the workflow last observed; `None` if there is none.
    ///
    /// # Errors
    /// There is one, and it does not decode to this type.
    pub fn state_value<T: Storable>(&self, key: &str) -> Result<Option<T>, StateError> {
        let found = self.journal.shared_state();
        let state = found.unwrap_or_else(|error| {
            self.journal.unreadable(0, error.to_string());
            crate::shared_state::StateSnapshot::default()
        });
        state.keys.get(key).map(|value| read_key(self.journal.coder(), key, value)).transpose()
    }
}
