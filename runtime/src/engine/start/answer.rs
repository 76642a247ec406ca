//! What the database answers to a start.

use crate::engine::error::EngineError;
use crate::store::{Rejected, RunRow, StoreError, StoreErrorKind, Written};

/// What a start comes to.
pub(in crate::engine) enum Answer {
    /// A new run with this number. Something was put into the inboxes of the others.
    New(i64, Vec<i64>),
    /// A run has the id: it is the same start, or another one.
    There(Box<RunRow>),
    /// No new run: this one has the deduplication key.
    Held(Box<RunRow>),
}

/// Reads the answer to the start of run `id` with this deduplication key.
///
/// # Errors
/// The run was not started.
pub(in crate::engine) fn answer(
    answer: Result<Written, Rejected>,
    id: &str,
    key: Option<&str>,
) -> Result<Answer, EngineError> {
    match answer {
        Ok(Written::Held(holder)) => Ok(Answer::Held(holder)),
        Ok(written) => {
            let (number, notified) = written.started().unwrap_or_default();
            Ok(Answer::New(number, notified))
        }
        Err(Rejected::Exists(row)) => Ok(Answer::There(row)),
        Err(Rejected::Held(holder)) => {
            Err(EngineError::Held { id: id.to_owned(), key: key.unwrap_or_default().to_owned(), holder: holder.id })
        }
        Err(Rejected::Refused(text)) => Err(EngineError::value(text)),
        Err(_) => Err(EngineError::Store(StoreError::new(
            StoreErrorKind::Busy,
            format!("run `{id}` was not started: another engine took this engine's lease. Start it again"),
        ))),
    }
}
