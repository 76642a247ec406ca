//! Users' code that runs within a commit.

use super::{EntryRow, Rejected, RunKey, RunRow, StoreError, StoreErrorKind, Write, Written};
use crate::error::AttemptCause;
use crate::panics;
use crate::record::AttemptOutcome;
use crate::sql::Tx;
use crate::sql::statements::{Statements, TxState};
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

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
fn enter() -> impl Drop {
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
pub trait Within {
    /// Performs one more write in the same commit.
    ///
    /// # Errors
    /// The commit as a whole must fail.
    fn write(&mut self, write: &Write) -> Result<Result<Written, Rejected>, StoreError>;

    /// Returns a run as this commit leaves it.
    ///
    /// # Errors
    /// The commit as a whole must fail.
    fn run(&mut self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError>;

    /// Returns the first entries of a run.
    ///
    /// # Errors
    /// The commit as a whole must fail.
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

    /// Runs the code in a transaction that the store has begun, and returns its outcome. If it failed, the store rolls
    /// back to where the transaction was before; otherwise it writes the entry with the value.
    ///
    /// # Errors
    /// The commit as a whole must fail, and nothing of it be kept: the database has rolled it back or is broken. With
    /// [`StoreErrorKind::Refused`] it was the code's fault, and the store applies the same writes again: the code does
    /// not run, but returns why it failed.
    pub fn run(&self, statements: &mut dyn Statements, within: &mut dyn Within) -> Result<AttemptOutcome, StoreError> {
        if let Some(failed) = self.failed() {
            return Ok(failed.clone());
        }
        let until = Instant::now().checked_add(self.time_limit);
        let outcome = {
            let _running = enter();
            let mut tx = Tx::new(&mut *statements, until);
            panics::caught(|| self.body.run(&mut tx, within))
        };
        let outcome = self.judged(outcome, until.is_some_and(|until| Instant::now() >= until));
        match statements.state() {
            TxState::Open => Ok(outcome),
            TxState::Broken => {
                Err(StoreError::new(StoreErrorKind::Io, "the database failed while a transaction was executed"))
            }
            TxState::RolledBack => {
                self.fail(match outcome {
                    AttemptOutcome::Completed(_) | AttemptOutcome::Stored { .. } => {
                        rolled_back("a statement of it had the database roll back everything (`ON CONFLICT ROLLBACK`)")
                    }
                    failed @ AttemptOutcome::Failed { .. } => failed,
                });
                let message = "a transaction had the database roll back everything";
                Err(StoreError::new(StoreErrorKind::Refused, message))
            }
        }
    }

    /// Judges the outcome. A panic, or a result that cannot be stored, says more than a late end.
    fn judged(&self, outcome: Result<AttemptOutcome, String>, late: bool) -> AttemptOutcome {
        use AttemptCause as Cause;
        match outcome {
            Err(panic) => AttemptOutcome::panicked(panic),
            Ok(outcome @ AttemptOutcome::Failed { cause: Cause::Unstorable | Cause::Refused, .. }) => outcome,
            Ok(_) if late => {
                let limit = self.time_limit;
                let message =
                    format!("the time limit of the transaction, {limit:?}, was reached, and its rows were rolled back");
                failed(Cause::TimedOut, message)
            }
            Ok(outcome) => outcome,
        }
    }

    /// Records that the commit of its rows failed because of them (a deferred constraint): it does not run again, and
    /// its outcome says why.
    pub fn refuse(&self, why: impl Into<String>) {
        self.fail(rolled_back(why));
    }

    /// Records that it has made the commit fail, so that it does not run again.
    fn fail(&self, outcome: AttemptOutcome) {
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
    failed(AttemptCause::RolledBack, why.into())
}

fn failed(cause: AttemptCause, message: String) -> AttemptOutcome {
    AttemptOutcome::Failed { cause, error: None, message, terminal: false, retry_after: None }
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
