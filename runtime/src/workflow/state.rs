//! The shared state of concurrent steps, as the workflow sees it.

use super::Flow;
use crate::codec::Storable;
use crate::shared_state::{StateDef, TypedState};
use crate::state::{StateError, read_key};
use std::sync::Arc;

impl<C: 'static> Flow<C> {
    /// Returns the state that the steps of this run share, as of the last event that the workflow observed (a finished
    /// step, a timer, its start): the same in every replay. It includes all edits of a step once that step's result is
    /// observed.
    ///
    /// The workflow reads it, and steps [edit](crate::State::edit) it. The run is parked if the type differs from
    /// `#[workflow(state = ..)]`, or if a value no longer decodes with the current types. This then returns the
    /// defaults, and what the workflow does with them is not recorded.
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

    /// Returns the value of a key of the shared state, as of the last event that the workflow observed; `None` if there
    /// is none.
    ///
    /// # Errors
    /// The value does not decode to this type.
    pub fn state_value<T: Storable>(&self, key: &str) -> Result<Option<T>, StateError> {
        let found = self.journal.shared_state();
        let state = found.unwrap_or_else(|error| {
            self.journal.unreadable(0, error.to_string());
            crate::shared_state::StateSnapshot::default()
        });
        state.keys.get(key).map(|value| read_key(self.journal.coder(), key, value)).transpose()
    }
}
