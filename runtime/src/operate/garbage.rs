//! Contents of field stores that no run points to.

use super::acting::Acting;
use crate::Garbage;
use crate::engine::EngineError;
use crate::store::ActOutcome;
use serde_json::json;

impl Acting<'_> {
    /// Deletes the contents in field stores that no run points to: see
    /// [`Engine::collect_garbage`](crate::Engine::collect_garbage). An operator has the field stores of its builder
    /// ([`Operator::with`](super::Operator::with)), and skips contents of runs that have not ended. The record says `begun`
    /// until it is done.
    ///
    /// # Errors
    /// The database cannot be read or written. Failures of stores are in [`Garbage::failures`].
    pub async fn collect_garbage(&self) -> Result<Garbage, EngineError> {
        let how = |garbage: &Garbage| {
            let (deleted, failures) = (garbage.deleted, garbage.failures.len());
            let outcome = if failures == 0 { ActOutcome::Done } else { ActOutcome::Failed };
            (outcome, json!({ "deleted": deleted, "failures": failures }))
        };
        self.in_steps(self.record("gc", "", &json!({})), self.engine.collect_garbage(), how).await
    }
}
