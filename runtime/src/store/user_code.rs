//! Users' code that runs within a commit.

use super::{EntryRow, Rejected, RunKey, RunRow, StoreError, Write, Written};
use crate::error::AttemptCause;
use crate::record::AttemptOutcome;
use crate::sql::Tx;
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The time for which a user's code may block all other writers, unless configured otherwise.
pub(crate) const TIME_LIMIT: Duration = Duration::from_millis(250);

thread_local! {
    static RUNS_HERE: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether a user's code runs on this thread, within a commit.
pub(crate) fn runs_here() -> bool {
    RUNS_HERE.get()
}

/// Marks this thread as running a user's code until the guard is dropped.
pub(super) fn enter() -> impl Drop {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            RUNS_HERE.set(false);
        }
    }
    RUNS_HERE.set(true);
    Leave
}

/// Code that executes SQL within the commit, with its time limit.
#[derive(Clone)]
pub struct UserCode {
    pub(crate) body: Arc<dyn TransactionBody>,
    pub(crate) time_limit: Duration,
    /// The outcome once it has made a commit fail: it is not run again, so that the others of its batch can be written.
    failed: Arc<OnceLock<AttemptOutcome>>,
}

/// The body of code within a commit. It may run several times before one of them is committed.
pub(crate) trait TransactionBody: Send + Sync {
    fn run(&self, tx: &mut Tx<'_>, within: &mut dyn Within) -> AttemptOutcome;
}

/// The commit within which code runs: what it can write besides the user's rows.
pub(crate) trait Within {
    /// Performs one more write in the same commit.
    fn write(&mut self, write: &Write) -> Result<Result<Written, Rejected>, StoreError>;

    /// Returns a run as this commit leaves it.
    fn run(&mut self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError>;

    /// Returns the first entries of a run.
    fn first_entries(&mut self, run: i64, limit: usize) -> Result<Vec<EntryRow>, StoreError>;
}

/// A transaction of a run: code, and the entry that records its result.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The entry written after those of the append if the code returns a value; without that value here.
    pub entry: EntryRow,
    /// The code.
    pub code: UserCode,
}

impl UserCode {
    pub(crate) fn new(body: Arc<dyn TransactionBody>, time_limit: Duration) -> Self {
        Self { body, time_limit, failed: Arc::default() }
    }

    /// Creates code that has failed before it begins.
    pub(crate) fn failing(outcome: AttemptOutcome) -> Self {
        struct Nothing;
        impl TransactionBody for Nothing {
            fn run(&self, _: &mut Tx<'_>, _: &mut dyn Within) -> AttemptOutcome {
                rolled_back("it could not begin")
            }
        }
        let code = Self::new(Arc::new(Nothing), TIME_LIMIT);
        code.fail(outcome);
        code
    }

    /// Returns the outcome for a store that has no SQL.
    #[must_use]
    pub fn no_sql() -> AttemptOutcome {
        let message = Self::no_sql_text().to_owned();
        AttemptOutcome::Failed {
            cause: AttemptCause::RolledBack,
            error: None,
            message,
            terminal: true,
            retry_after: None,
        }
    }

    pub(crate) const fn no_sql_text() -> &'static str {
        "the store of this engine has no tables of yours: give the engine a file, `.sqlite(\"app.db\")`"
    }

    /// Records that it has made the commit fail, so that it does not run again.
    pub(crate) fn fail(&self, outcome: AttemptOutcome) {
        // The first reason is the cause; later ones follow from it.
        let _ = self.failed.set(outcome);
    }

    /// Returns its outcome when it made a commit fail.
    pub(crate) fn failed(&self) -> Option<&AttemptOutcome> {
        self.failed.get()
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserCode").field("time_limit", &self.time_limit).finish_non_exhaustive()
    }
}

/// Creates the outcome of an attempt whose rows the database did not keep.
pub(crate) fn rolled_back(why: impl Into<String>) -> AttemptOutcome {
    AttemptOutcome::Failed {
        cause: AttemptCause::RolledBack,
        error: None,
        message: why.into(),
        terminal: false,
        retry_after: None,
    }
}

impl Write {
    /// Returns the user's code in it.
    pub(crate) fn user_code(&self) -> Option<&UserCode> {
        match self {
            Self::Append(append) => match &append.transaction {
                Some(transaction) => Some(&transaction.code),
                None => None,
            },
            Self::Transaction(code) => Some(code),
            _ => None,
        }
    }
}
