//! Contents of field stores that no run points to.

use super::acting::{Acting, with};
use crate::Garbage;
use crate::engine::EngineError;
use crate::store::{ActOutcome, AuditRow};
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
        let begun = AuditRow { outcome: ActOutcome::Begun, ..self.record("gc", "", &json!({})) };
        self.note(begun.clone()).await?;
        let collected = self.engine.collect_garbage().await;
        let (outcome, details) = match &collected {
            Ok(garbage) if garbage.failures.is_empty() => (ActOutcome::Done, json!({ "deleted": garbage.deleted })),
            Ok(garbage) => {
                let details = json!({ "deleted": garbage.deleted, "failures": garbage.failures.len() });
                (ActOutcome::Failed, details)
            }
            Err(error) => (ActOutcome::Failed, json!({ "error": error.to_string() })),
        };
        self.note(AuditRow { outcome, details: with(&begun.details, details), ..begun }).await?;
        collected
    }
}
