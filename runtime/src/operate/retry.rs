//! Another try of a run that is parked or has failed.

use super::acting::{Acting, ForkOptions};
use crate::engine::{EngineError, ForkPoint};
use crate::record::Kind;
use crate::store::{EntryRow, Status};
use serde_json::json;

impl Acting<'_> {
    /// Has a run tried again: one that is parked as [`revive`](Self::revive) does, and one that has failed from before the
    /// step whose failure was its last, or, if no step has failed, from the last turn of its workflow.
    ///
    /// # Errors
    /// There is no such run, it is neither parked nor failed, or the database does not work.
    pub async fn retry(&self, run: &str) -> Result<(), EngineError> {
        let row = self.row(run).await?;
        match row.status {
            Status::Parked => self.revive(run).await,
            Status::Failed => {
                let number = row.number;
                let entries = self.engine.core.ask(move |store| store.outline(number, 0, usize::MAX)).await?;
                let at = point(&entries);
                let record = self.record("retry", run, &json!({ "at": at.to_string() }));
                self.rewound(run, at, ForkOptions::default(), record).await
            }
            status => {
                let action = "only a run that is parked or has failed is tried again";
                Err(EngineError::WrongStatus { id: row.id, status, action })
            }
        }
    }
}

/// Returns the point from which a run that has failed goes on.
fn point(entries: &[EntryRow]) -> ForkPoint {
    let end = entries.last().and_then(|end| end.cause).unwrap_or(1);
    let failed = entries.iter().rev().find(|entry| entry.kind == Kind::StepFailed && entry.seq <= end);
    match failed.and_then(|entry| entry.position) {
        Some(position) => ForkPoint::at_position(position),
        None => ForkPoint::after_entry(end),
    }
}
