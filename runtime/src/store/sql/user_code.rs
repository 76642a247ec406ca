//! Users' code within a commit: a savepoint, its rows, and the entry with its result.

use super::read::Reader;
use super::tables::Tables;
use super::{Session, queries};
use crate::record::AttemptOutcome;
use crate::store::decide::{Record, perform};
use crate::store::{
    EntryRow, Rejected, RunKey, RunRow, StoreError, Write, Written,
    user_code::{UserCode, Within},
};

impl<S: Session> Tables<'_, S> {
    pub(super) fn run_code(&mut self, code: &UserCode, record: Record<'_, Self>) -> Result<AttemptOutcome, StoreError> {
        // It could not begin, or it made an earlier transaction of this batch fail as a whole: it is not run again.
        if let Some(failed) = code.failed() {
            return Ok(failed.clone());
        }
        self.session.execute(queries::SAVEPOINT_CODE, &[])?;
        let session = self.session;
        let mut within = Batch { tables: self, error: None };
        let outcome = session.user_code(code, &mut within);
        // An error of the engine's own writes ends the commit, even if the code ignored it.
        if let Some(error) = within.error {
            return Err(error);
        }
        let outcome = outcome?.unwrap_or_else(UserCode::no_sql);
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
