//! Users' code within a commit: its statements, and what it has the engine write.

mod text;
mod values;

use super::batch;
use super::fault::{Place, fault};
use super::link::LinkError;
use super::listener::News;
use super::session::{LOCK_TIMEOUT, Pg};
use crate::record::AttemptOutcome;
use crate::sql::error::{SqlError, SqlErrorKind};
use crate::sql::statements::{EachRow, Statement, Statements, TxState};
use crate::store::decide::Rows as _;
use crate::store::sql::{Reader, Session as _, Tables, queries};
use crate::store::user_code::{UserCode, Within};
use crate::store::{Append, EntryRow, Rejected, RunKey, RunRow, StoreError, StoreErrorKind, Write, Written};
use std::time::Instant;
use tokio_postgres::error::SqlState;
use values::{Given, Read};

type Answer = Result<Written, Rejected>;

/// Ends the time limit of users' statements.
pub(super) const WITHOUT_LIMIT: &str = "SET LOCAL statement_timeout TO DEFAULT";

/// Commits a write with code, in a transaction of its own; `None` if it needs one that excludes all other writers.
///
/// # Errors
/// Nothing was committed, or the outcome is unknown: the stage of the session says which.
pub(super) fn commit(session: &Pg<'_>, write: &Write) -> Result<Option<(Answer, News)>, StoreError> {
    let mut news = News::default();
    let answer = match write {
        Write::Transaction(code) => {
            session.together(&[], true)?;
            match run(session, code, &mut news, |_| Ok(()))? {
                AttemptOutcome::Failed { message, .. } => Err(Rejected::Refused(message)),
                AttemptOutcome::Completed(_) | AttemptOutcome::Stored { .. } => Ok(Written::Done),
            }
        }
        Write::Append(append) => {
            let Some(transaction) = &append.transaction else { return Ok(None) };
            let plain = Write::from(Append { transaction: None, ..Append::clone(append) });
            let Some(mut done) = batch::apply(session, std::slice::from_ref(&plain), true)? else { return Ok(None) };
            news.append(&mut done.news);
            match done.answers.pop() {
                Some(Ok(appended)) => {
                    let outcome = run(session, &transaction.code, &mut news, |value| {
                        let entry = EntryRow { value: Some(value.clone()), ..transaction.entry.clone() };
                        Tables::new(session, session.database).append(append.run, &[entry], &[])
                    })?;
                    Ok(Written::Transacted { outcome, appended: Box::new(appended) })
                }
                Some(rejected) => rejected,
                None => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    match (session.commit(), write.user_code()) {
        // Its rows have made the commit fail (a deferred constraint): it does not run again.
        (Err(error), Some(code)) if error.kind == StoreErrorKind::Refused && code.failed().is_none() => {
            code.refuse(error.message);
            session.undo()?;
            commit(session, write)
        }
        (done, _) => done.map(|()| Some((answer, news))),
    }
}

/// Runs the code. If it fails, its rows are rolled back.
fn run(
    session: &Pg<'_>,
    code: &UserCode,
    news: &mut News,
    record: impl FnOnce(&crate::value::Value) -> Result<(), StoreError>,
) -> Result<AttemptOutcome, StoreError> {
    session.execute(queries::SAVEPOINT_CODE, &[])?;
    let mut within = Batch { session, news: News::default(), error: None };
    let mut statements = OfUser::new(session);
    let outcome = code.run(&mut statements, &mut within);
    // Errors of the engine's own writes, and of the connection, end the commit, even if the code ignored them.
    if let Some(error) = within.error.or(statements.broken) {
        return Err(error);
    }
    let outcome = outcome?;
    session.batch(WITHOUT_LIMIT)?;
    match &outcome {
        AttemptOutcome::Completed(value) | AttemptOutcome::Stored { value, .. } => {
            record(value)?;
            news.append(&mut within.news);
        }
        AttemptOutcome::Failed { .. } => drop(session.execute(queries::UNDO_CODE, &[])?),
    }
    Ok(outcome)
}

/// Users' statements in the transaction of a session.
pub(super) struct OfUser<'a, 's> {
    session: &'a Pg<'s>,
    /// What has failed by no fault of the code.
    broken: Option<StoreError>,
    /// Whether the last statement has a savepoint before it.
    has_savepoint: bool,
}

impl<'a, 's> OfUser<'a, 's> {
    pub(super) const fn new(session: &'a Pg<'s>) -> Self {
        Self { session, broken: None, has_savepoint: false }
    }

    /// Returns what has failed by no fault of the code.
    pub(super) fn into_broken(self) -> Option<StoreError> {
        self.broken
    }

    /// Returns what begins a statement: a savepoint, so that it can fail alone, and the time that is left.
    fn before(&mut self, until: Option<Instant>) -> String {
        let left = until.map_or(0, |until| until.saturating_duration_since(Instant::now()).as_millis() + 1);
        let last = if std::mem::replace(&mut self.has_savepoint, true) {
            "RELEASE SAVEPOINT steadfast_statement; "
        } else {
            ""
        };
        // A user's statement may be one that a scan suits best.
        format!(
            "{last}SAVEPOINT steadfast_statement; SET LOCAL statement_timeout = {left}; \
             SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_bitmapscan TO DEFAULT"
        )
    }

    /// Takes back the last statement.
    fn undo(&mut self) {
        if let Err(error) = self.session.batch("ROLLBACK TO SAVEPOINT steadfast_statement") {
            self.breaks(error);
        }
    }

    fn breaks(&mut self, error: StoreError) -> SqlError {
        let text = error.message.clone();
        self.broken.get_or_insert(error);
        SqlError::msg(text)
    }

    fn judged(&mut self, error: tokio_postgres::Error, until: Option<Instant>, begun: Instant) -> SqlError {
        let Some(said) = error.as_db_error() else { return SqlError::msg(&error) };
        let (code, text) = (said.code().clone(), said.message().to_owned());
        let detail = said.detail().map_or_else(String::new, |detail| format!("; {detail}"));
        let text = format!("{text}{detail}");
        if code == SqlState::QUERY_CANCELED && until.is_some_and(|until| Instant::now() >= until) {
            return SqlError::late();
        }
        // A refusal of the code's own (`NOWAIT`) has the same state, and comes at once.
        let waited = code == SqlState::LOCK_NOT_AVAILABLE && begun.elapsed() >= LOCK_TIMEOUT;
        if waited || code == SqlState::T_R_SERIALIZATION_FAILURE || code == SqlState::T_R_DEADLOCK_DETECTED {
            // Another transaction is in the way: the commit is tried again, and with it the code.
            self.breaks(StoreError::new(StoreErrorKind::Busy, format!("{}: {text}", self.session.database)));
            return SqlError::of_kind(SqlErrorKind::Serialization, text).caused_by(error);
        }
        if code == SqlState::SYNTAX_ERROR && text.contains("multiple commands") {
            return SqlError::msg("there is more than one statement in this text: execute each by itself");
        }
        let kind = if code.code().starts_with("23") { SqlErrorKind::Constraint } else { SqlErrorKind::Other };
        SqlError::of_kind(kind, text).caused_by(error)
    }
}

impl Statements for OfUser<'_, '_> {
    fn run(&mut self, statement: &Statement<'_>, rows: Option<EachRow<'_>>) -> Result<usize, SqlError> {
        let (text, parameters) = text::for_postgres(statement.sql).map_err(SqlError::refused)?;
        let given = statement.values.len();
        if parameters != given {
            return Err(SqlError::msg(format_args!("it has {parameters} parameters, and {given} values were given")));
        }
        let values: Vec<_> = statement.values.iter().map(Given).collect();
        let typed: Vec<_> =
            values.iter().map(|value| (value as &(dyn tokio_postgres::types::ToSql + Sync), value.kind())).collect();
        let (before, begun) = (self.before(statement.until), Instant::now());
        let done = self.session.of_user(&before, &text, &typed).map_err(|failed| match failed {
            LinkError::Postgres(error) if error.as_db_error().is_some() => {
                self.undo();
                self.judged(error, statement.until, begun)
            }
            failed => self.breaks(fault(self.session.database, failed, Place::Statement)),
        })?;
        let (found, changed) = done;
        match rows {
            None if !found.is_empty() => {
                self.undo();
                Err(SqlError::msg("it gives rows: ask with `query`, `query_row` or `query_optional`"))
            }
            None => Ok(changed),
            Some(each) => {
                let _ = found.iter().find(|row| each(&Read(row)).is_break());
                Ok(0)
            }
        }
    }

    fn state(&self) -> TxState {
        if self.broken.is_some() { TxState::Broken } else { TxState::Open }
    }
}

/// The commit, as a user's code reaches it through the engine.
struct Batch<'a, 's> {
    session: &'a Pg<'s>,
    news: News,
    /// The first error that ends this commit.
    error: Option<StoreError>,
}

impl Batch<'_, '_> {
    fn noted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.error.get_or_insert_with(|| error.clone());
        }
        result
    }

    fn written(&mut self, write: &Write) -> Result<Answer, StoreError> {
        // What nobody else may write meanwhile makes the commit be tried again, with all other writers excluded.
        let excluded = || StoreError::new(StoreErrorKind::Busy, "this excludes all other writers");
        let mut done = batch::apply(self.session, std::slice::from_ref(write), false)?.ok_or_else(excluded)?;
        self.news.append(&mut done.news);
        done.answers.pop().ok_or_else(excluded)
    }
}

impl Within for Batch<'_, '_> {
    fn write(&mut self, write: &Write) -> Result<Answer, StoreError> {
        let answer = self.written(write);
        self.noted(answer)
    }

    fn run(&mut self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        let row = (Reader { session: self.session, database: self.session.database }).run(key);
        self.noted(row)
    }

    fn first_entries(&mut self, run: i64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        let entries = (Reader { session: self.session, database: self.session.database }).entries(run, 0, limit);
        self.noted(entries)
    }
}
