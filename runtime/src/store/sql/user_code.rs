//! Users' code within a commit: a savepoint, its rows, and the entry with its result.

use super::read::Reader;
use super::tables::Tables;
use super::{Session, queries};
use crate::error::AttemptCause;
use crate::panics;
use crate::record::AttemptOutcome;
use crate::sql::{End, Tx};
use crate::store::decide::{Record, perform};
use crate::store::{
    EntryRow, Rejected, RunKey, RunRow, StoreError, StoreErrorKind, Write, Written,
    user_code::{self, UserCode, Within, rolled_back},
};

impl<S: Session> Tables<'_, S> {
    pub(super) fn run_code(&mut self, code: &UserCode, record: Record<'_, Self>) -> Result<AttemptOutcome, StoreError> {
        // It could not begin, or it made an earlier transaction of this batch fail as a whole: it is not run again.
        if let Some(failed) = code.failed() {
            return Ok(failed.clone());
        }
        self.session.execute(queries::SAVEPOINT_CODE, &[])?;
        let (session, mut outcome) = (self.session, None);
        let mut within = Batch { tables: self, error: None };
        let end = session.user_code(code.time_limit, &mut |tx: &mut Tx<'_>| {
            let _running = user_code::enter();
            outcome = Some(panics::caught(|| code.body.run(tx, &mut within)));
        })?;
        // An error of the engine's own writes ends the commit, even if the code ignored it.
        let error = within.error;
        if let Some(error) = error {
            return Err(error);
        }
        let outcome = match (&end, outcome) {
            (Some(end), Some(outcome)) => judged(end, code, outcome),
            _ => UserCode::no_sql(),
        };
        // SQLite has rolled back the other writes too: with the code marked as failed, the batch is applied again.
        if end.is_some_and(|end| end.lost) {
            code.fail(match outcome {
                AttemptOutcome::Completed(_) | AttemptOutcome::Stored { .. } => {
                    rolled_back("a statement of it had SQLite roll back everything (`ON CONFLICT ROLLBACK`)")
                }
                failed @ AttemptOutcome::Failed { .. } => failed,
            });
            let message = "a transaction had SQLite roll back everything";
            return Err(StoreError::new(StoreErrorKind::Refused, message));
        }
        match &outcome {
            AttemptOutcome::Completed(value) | AttemptOutcome::Stored { value, .. } => record(self, value)?,
            AttemptOutcome::Failed { .. } => {
                self.session.execute(queries::UNDO_CODE, &[])?;
                self.forget_leases();
            }
        }
        self.session.execute(queries::RELEASE_CODE, &[])?;
        Ok(outcome)
    }
}

/// Judges the outcome of a user's code. A panic, or a result that cannot be stored, says more than a late end.
fn judged(end: &End, code: &UserCode, outcome: Result<AttemptOutcome, String>) -> AttemptOutcome {
    match outcome {
        Err(panic) => AttemptOutcome::panicked(panic),
        Ok(outcome @ AttemptOutcome::Failed { cause: AttemptCause::Unstorable | AttemptCause::Refused, .. }) => outcome,
        Ok(_) if end.late => {
            let limit = code.time_limit;
            let message =
                format!("the time limit of the transaction, {limit:?}, was reached, and its rows were rolled back");
            failed(AttemptCause::TimedOut, message)
        }
        Ok(outcome) => outcome,
    }
}

fn failed(cause: AttemptCause, message: String) -> AttemptOutcome {
    AttemptOutcome::Failed { cause, error: None, message, terminal: false, retry_after: None }
}

/// The commit, as a user's code reaches it through the engine.
struct Batch<'a, 's, S> {
    tables: &'a mut Tables<'s, S>,
    /// The first error that ends this commit.
    error: Option<StoreError>,
}

impl<S: Session> Batch<'_, '_, S> {
    fn noted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.error.get_or_insert_with(|| error.clone());
        }
        result
    }

    fn reader(&self) -> Reader<'_, S> {
        Reader { session: self.tables.session, database: self.tables.database }
    }
}

impl<S: Session> Within for Batch<'_, '_, S> {
    fn write(&mut self, write: &Write) -> Result<Result<Written, Rejected>, StoreError> {
        let answer = perform(self.tables, write);
        self.noted(answer)
    }

    fn run(&mut self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        let row = self.reader().run(key);
        self.noted(row)
    }

    fn first_entries(&mut self, run: i64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        let entries = self.reader().entries(run, 0, limit);
        self.noted(entries)
    }
}
