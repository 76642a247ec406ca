//! A connection, for the SQL core.

use super::cells::{Found, Parameter};
use super::code::{OfUser, WITHOUT_LIMIT};
use super::fault::{Place, fault};
use super::link::{Link, LinkError};
use super::options::PgOptions;
use super::text::for_postgres;
use crate::record::AttemptOutcome;
use crate::store::StoreError;
use crate::store::sql::{Cell, EachRow, Session};
use crate::store::user_code::{UserCode, Within};
use futures_util::future::{LocalBoxFuture, MaybeDone, maybe_done};
use futures_util::{FutureExt, TryStreamExt};
use std::borrow::Cow;
use std::cell::{Cell as Slot, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio_postgres::Client;
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::types::{ToSql, Type};

/// The settings of a transaction, which end with it: a pooler may give the next one another session. The server ends a
/// transaction of a process that stands still, because others wait for its rows; and one that waits itself is tried again, so
/// that heartbeats do not wait behind it. Every statement of the engine has an index; a scan looks cheap to the planner
/// until it has counted a table that grows. So does a sort of what an index finds, where the index has the order: a claim
/// would sort its whole queue.
const SETTINGS: &str = "SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL lock_timeout = '2s'; \
    SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off";

/// The time that a statement of an inspection may take.
const LOOK: &str = "SET LOCAL statement_timeout = '5s'";

/// The `lock_timeout` of these settings.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// How far a transaction has come: what is known of its outcome if the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// There is none.
    Outside,
    /// It has begun: without a commit nothing of it stays.
    Begun,
    /// Its commit was asked for, and not answered.
    Committing,
}

/// A connection, with the name of its database.
pub(super) struct Pg<'a> {
    link: RefCell<&'a mut Link>,
    stage: Slot<Stage>,
    /// Whether all queries are those of one look, in its transaction.
    looks: Slot<bool>,
    options: &'a PgOptions,
    pub(super) database: &'a str,
}

impl<'a> Pg<'a> {
    pub(super) const fn new(link: &'a mut Link, options: &'a PgOptions, database: &'a str) -> Self {
        Self { link: RefCell::new(link), stage: Slot::new(Stage::Outside), looks: Slot::new(false), options, database }
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage.get()
    }

    /// Executes statements without values, in one round trip.
    pub(super) fn batch(&self, statements: &str) -> Result<(), StoreError> {
        let mut link = self.link.borrow_mut();
        let done = link.wait(self.options.patience(), |client| client.batch_execute(statements));
        self.or_fault(done)
    }

    /// Begins a transaction that only reads, in which all queries are until [`end_look`](Self::end_look).
    pub(super) fn begin_look(&self) -> Result<(), StoreError> {
        self.begin_read()?;
        self.batch(LOOK)?;
        self.looks.set(true);
        Ok(())
    }

    pub(super) fn end_look(&self) -> Result<(), StoreError> {
        self.looks.set(false);
        self.rollback()
    }

    /// Begins a transaction that excludes all others which lock this table.
    pub(super) fn begin_with(&self, table: &str) -> Result<(), StoreError> {
        self.stage.set(Stage::Begun);
        let gate = self.text(&format!("LOCK TABLE {table} IN EXCLUSIVE MODE"));
        self.batch(&format!("BEGIN ISOLATION LEVEL READ COMMITTED; {SETTINGS}; {gate}"))
    }

    /// Executes queries, sent together: their rows come in one round trip. With `begins`, a transaction begins before
    /// them, in which others may write as well.
    pub(super) fn together(&self, queries: &[Query<'_>], begins: bool) -> Result<Vec<Vec<Found>>, StoreError> {
        let gate = self.text(&format!("LOCK TABLE {} IN ROW SHARE MODE", super::GATE));
        let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED; {SETTINGS}; {gate}");
        if begins {
            self.stage.set(Stage::Begun);
        }
        self.all(begins.then_some(begin.as_str()), queries, None).map_err(|(error, _)| error)
    }

    /// Executes queries and commits, in one round trip.
    pub(super) fn commit_together(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Found>>, StoreError> {
        self.committing(queries, Some("COMMIT"))
    }

    /// Executes a user's statement after some of ours, in one round trip. Returns its rows, and how many rows it changed.
    pub(super) fn of_user(
        &self,
        before: &str,
        text: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<(Vec<tokio_postgres::Row>, usize), LinkError> {
        let mut link = self.link.borrow_mut();
        let values = || values.iter().map(|(value, kind)| (*value, kind.clone()));
        link.wait(self.options.patience(), |client| async move {
            let statement = async {
                let mut found = pin!(client.query_typed_raw(text, values()).await?);
                let mut rows = Vec::new();
                while let Some(row) = found.try_next().await? {
                    rows.push(row);
                }
                Ok((rows, found.rows_affected().unwrap_or(0)))
            };
            // The first is polled first, so that it goes out first.
            let (begun, done) = futures_util::future::join(client.batch_execute(before), statement).await;
            begun?;
            done.map(|(rows, changed)| (rows, usize::try_from(changed).unwrap_or(usize::MAX)))
        })
    }

    /// Executes a query that is a transaction by itself.
    pub(super) fn alone(&self, query: &Query<'_>) -> Result<Vec<Found>, StoreError> {
        let rows = self.committing(std::slice::from_ref(query), None);
        rows.map(|mut rows| rows.pop().unwrap_or_default())
    }

    /// Executes queries that commit, and notes what their answer says of the outcome.
    fn committing(&self, queries: &[Query<'_>], after: Option<&str>) -> Result<Vec<Vec<Found>>, StoreError> {
        self.stage.set(Stage::Committing);
        let done = self.all(None, queries, after);
        match &done {
            Ok(_) => self.stage.set(Stage::Outside),
            // The server has said no: nothing of it stays.
            Err((_, true)) => self.stage.set(Stage::Begun),
            Err((_, false)) => {}
        }
        done.map_err(|(error, _)| error)
    }

    /// Rolls back, if a transaction has begun.
    pub(super) fn undo(&self) -> Result<(), StoreError> {
        self.rollback()?;
        self.stage.set(Stage::Outside);
        Ok(())
    }

    /// Executes all of these, sent together. An error comes with whether it is certain that nothing of it stays, once the
    /// transaction is rolled back.
    fn all(
        &self,
        before: Option<&str>,
        queries: &[Query<'_>],
        after: Option<&str>,
    ) -> Result<Vec<Vec<Found>>, (StoreError, bool)> {
        let texts: Vec<_> = queries.iter().map(|query| self.text(&query.text)).collect();
        let mut link = self.link.borrow_mut();
        let answers = link.wait(self.options.patience(), |client| {
            let texts = &texts;
            async move {
                let mut sent: Vec<MaybeDone<LocalBoxFuture<'_, Answered>>> = Vec::with_capacity(queries.len() + 2);
                sent.extend(before.map(|text| maybe_done(simple(client, text).boxed_local())));
                sent.extend(texts.iter().zip(queries).map(|(text, query)| {
                    maybe_done(async move { client.query_typed(text, &query.typed()).await }.boxed_local())
                }));
                sent.extend(after.map(|text| maybe_done(simple(client, text).boxed_local())));
                Ok(in_order(sent).await)
            }
        });
        let answers = answers.map_err(|error| {
            let is_certain = matches!(error, LinkError::Unsent(_));
            (fault(self.database, error, Place::Statement), is_certain)
        })?;
        if answers.iter().any(Result::is_err) {
            let errors = answers.into_iter().filter_map(Result::err);
            // What follows the first error says only that there was one.
            let first = errors.reduce(|first, next| if first.as_db_error().is_some() { first } else { next });
            let Some(error) = first else { return Ok(Vec::new()) };
            let said = error.as_db_error().is_some_and(is_of_the_server);
            return Err((fault(self.database, LinkError::Postgres(error), Place::Statement), said));
        }
        let rows = answers.into_iter().flatten().skip(usize::from(before.is_some())).take(queries.len());
        Ok(rows.map(|rows| rows.into_iter().map(Found::new).collect()).collect())
    }

    fn or_fault<T>(&self, done: Result<T, LinkError>) -> Result<T, StoreError> {
        done.map_err(|error| fault(self.database, error, Place::Statement))
    }

    fn text(&self, query: &str) -> String {
        for_postgres(query, self.options.schema.as_deref())
    }
}

impl Session for Pg<'_> {
    const STREAMS: bool = false;
    const SKIP_LOCKED: &'static str = " FOR UPDATE SKIP LOCKED";

    fn execute(&self, query: &str, values: &[Cell<'_>]) -> Result<usize, StoreError> {
        let text = self.text(query);
        let values: Vec<_> = values.iter().copied().map(Parameter).collect();
        let mut link = self.link.borrow_mut();
        let done = link.wait(self.options.patience(), |client| {
            let (text, values) = (&text, &values);
            async move { client.execute_typed(text, &typed(values)).await }
        });
        self.or_fault(done).map(|rows| usize::try_from(rows).unwrap_or(usize::MAX))
    }

    fn select(&self, query: &str, values: &[Cell<'_>], each: EachRow<'_>) -> Result<(), StoreError> {
        let text = self.text(query);
        let values: Vec<_> = values.iter().copied().map(Parameter).collect();
        let mut link = self.link.borrow_mut();
        let done = link.wait(self.options.patience(), |client| {
            let (text, values) = (&text, &values);
            async move { rows(client, text, values, each).await }
        });
        self.or_fault(done)
    }

    /// Excludes all other writers: those of batches hold the same lock as one of many.
    fn begin(&self) -> Result<(), StoreError> {
        self.begin_with(super::GATE)
    }

    fn begin_read(&self) -> Result<(), StoreError> {
        if self.looks.get() {
            return Ok(());
        }
        self.stage.set(Stage::Begun);
        self.batch(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SETTINGS}"))
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.commit_together(&[]).map(drop)
    }

    fn user_code(&self, code: &UserCode, within: &mut dyn Within) -> Result<Option<AttemptOutcome>, StoreError> {
        let mut statements = OfUser::new(self);
        let outcome = code.run(&mut statements, within);
        if let Some(error) = statements.into_broken() {
            return Err(error);
        }
        self.batch(WITHOUT_LIMIT)?;
        outcome.map(Some)
    }

    fn rollback(&self) -> Result<(), StoreError> {
        if self.looks.get() {
            return Ok(());
        }
        if self.stage.get() == Stage::Outside || self.link.borrow().has_ended() {
            return Ok(());
        }
        // The stage stays: it says what is known of the outcome.
        self.batch("ROLLBACK")
    }
}

/// Returns whether the server itself says this of a statement. A pooler between says errors of its own, without the severity
/// in the language of the protocol; and a server that ends does not say what has become of the statement.
fn is_of_the_server(said: &DbError) -> bool {
    // A session that was idle for too long had not read the statement.
    let of_idle_sessions = [SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT, SqlState::IDLE_SESSION_TIMEOUT];
    said.parsed_severity() == Some(Severity::Error)
        || said.parsed_severity().is_some() && of_idle_sessions.contains(said.code())
}

type Answered = Result<Vec<tokio_postgres::Row>, tokio_postgres::Error>;

async fn simple(client: &Client, text: &str) -> Answered {
    client.batch_execute(text).await.map(|()| Vec::new())
}

/// Polls futures one after the other, again and again, so that what each sends goes out in their order.
async fn in_order<F: Future + Unpin>(mut futures: Vec<MaybeDone<F>>) -> Vec<F::Output> {
    poll_fn(|context| {
        let mut pending = false;
        for future in &mut futures {
            pending |= Pin::new(future).poll(context).is_pending();
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    futures.iter_mut().filter_map(|future| Pin::new(future).take_output()).collect()
}

/// A query with its values.
pub(super) struct Query<'a> {
    text: Cow<'static, str>,
    values: Vec<Bound<'a>>,
}

enum Bound<'a> {
    One(Parameter<'a>),
    Array(Vec<Parameter<'a>>, Type),
}

impl<'a> Query<'a> {
    pub(super) fn new(text: impl Into<Cow<'static, str>>, values: impl IntoIterator<Item = Cell<'a>>) -> Self {
        Self { text: text.into(), values: values.into_iter().map(|cell| Bound::One(Parameter(cell))).collect() }
    }

    /// Adds an array: of `i`ntegers, `t`exts, or bytes.
    pub(super) fn array(mut self, of: char, cells: impl IntoIterator<Item = Cell<'a>>) -> Self {
        let kind = match of {
            'i' => Type::INT8_ARRAY,
            't' => Type::TEXT_ARRAY,
            _ => Type::BYTEA_ARRAY,
        };
        self.values.push(Bound::Array(cells.into_iter().map(Parameter).collect(), kind));
        self
    }

    /// Adds a value.
    pub(super) fn value(mut self, cell: Cell<'a>) -> Self {
        self.values.push(Bound::One(Parameter(cell)));
        self
    }

    fn typed(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.values.iter().map(Bound::typed).collect()
    }
}

impl Bound<'_> {
    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::One(value) => (value, value.kind()),
            Self::Array(values, kind) => (values, kind.clone()),
        }
    }
}

async fn rows(
    client: &Client,
    text: &str,
    values: &[Parameter<'_>],
    each: EachRow<'_>,
) -> Result<(), tokio_postgres::Error> {
    let mut rows = pin!(client.query_typed_raw(text, typed(values)).await?);
    while let Some(row) = rows.try_next().await? {
        if each(&Found::new(row)).is_break() {
            break;
        }
    }
    Ok(())
}

/// Returns the values with their types, so that a statement needs neither a name nor a question to the server.
fn typed<'a>(values: &'a [Parameter<'_>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    values.iter().map(|value| (value as &(dyn ToSql + Sync), value.kind())).collect()
}
