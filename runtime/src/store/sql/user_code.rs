//! Users' code within a commit: a savepoint, its rows, and the entry with its result.

use super::apply::{Answer, Apply};
use super::read::Reader;
use super::{Cell, Session, queries};
use crate::error::AttemptCause;
use crate::panics;
use crate::record::AttemptOutcome;
use crate::sql::{End, Tx};
use crate::store::{
    Append, EntryRow, Rejected, RunKey, RunRow, StoreError, StoreErrorKind, Transaction, Write, Written,
    user_code::{self, UserCode, Within, rolled_back},
};
use crate::value::Value;

impl<S: Session> Apply<'_, S> {
    /// Appends the entries, and then runs the transaction, if there is one. If it fails, the entries stay.
    pub(super) fn append_all(&self, append: &Append) -> Answer {
        let written = self.append(append)?;
        let Some(Transaction { entry, code }) = &append.transaction else { return Ok(written) };
        let Ok(written) = written else { return Ok(written) };
        let outcome = self.run(code, |value| {
            let entry = EntryRow { value: Some(value.clone()), ..entry.clone() };
            self.insert_entry(append.run, &entry)?;
            self.session.execute(queries::ONE_MORE_ENTRY, &[Cell::Int(append.run)]).map(drop)
        })?;
        Ok(Ok(Written::Transacted { outcome, appended: Box::new(written) }))
    }

    /// Runs code that belongs to no run.
    pub(super) fn transaction(&self, code: &UserCode) -> Answer {
        Ok(match self.run(code, |_| Ok(()))? {
            AttemptOutcome::Completed(_) | AttemptOutcome::Stored { .. } => Ok(Written::Done),
            AttemptOutcome::Failed { message, .. } => Err(Rejected::Refused(message)),
        })
    }

    fn run(
        &self,
        code: &UserCode,
        record: impl FnOnce(&Value) -> Result<(), StoreError>,
    ) -> Result<AttemptOutcome, StoreError> {
        // It could not begin, or it made an earlier transaction of this batch fail as a whole: it is not run again.
        if let Some(failed) = code.failed() {
            return Ok(failed.clone());
        }
        self.session.execute(queries::SAVEPOINT_CODE, &[])?;
        let mut outcome = None;
        let mut within = Batch { apply: self, error: None };
        let end = self.session.user_code(code.time_limit, &mut |tx: &mut Tx<'_>| {
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
            AttemptOutcome::Completed(value) | AttemptOutcome::Stored { value, .. } => record(value)?,
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
    apply: &'a Apply<'s, S>,
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
        Reader { session: self.apply.session, database: self.apply.database }
    }
}

impl<S: Session> Within for Batch<'_, '_, S> {
    fn write(&mut self, write: &Write) -> Result<Result<Written, Rejected>, StoreError> {
        if let Some(flaw) = write.flaw() {
            return Ok(Err(Rejected::Refused(flaw)));
        }
        let answer = self.apply.apply(write);
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
