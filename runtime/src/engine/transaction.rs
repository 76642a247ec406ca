//! Transactions of users: their statements, the runs that they start and the messages that they send, in one commit.

mod starting;

pub use starting::TransactionalStart;

use super::clock::AGAIN;
use super::core::Core;
use super::error::EngineError;
use super::{Engine, inbox, messages, start};
use crate::error::Error;
use crate::message::Message;
use crate::panics::Held;
use crate::record::{AttemptOutcome, RunScope};
use crate::scope::{self, Scope};
use crate::sql::Tx;
use crate::store::{
    EntryRow, Lease, NewInboxItem, Rejected, RunKey, RunRow, StoreError, UserCode, Write, Written,
    user_code::{TIME_LIMIT, TransactionBody, Within},
};
use crate::value::Value;
use crate::workflow::{Startable, WorkflowDef};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A transaction to be run: `.await` it. See [`Engine::transaction`].
#[must_use = "a transaction runs when the call is awaited: add `.await`"]
pub struct TransactionCall<'engine, F> {
    engine: &'engine Engine,
    body: F,
    time_limit: Duration,
}

impl<'engine, F> TransactionCall<'engine, F> {
    pub(super) fn new(engine: &'engine Engine, body: F) -> Self {
        Self { engine, body, time_limit: TIME_LIMIT }
    }

    /// Sets how long it may block all other writers of the file; 250 ms unless chosen otherwise.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }
}

impl<'engine, T, F> IntoFuture for TransactionCall<'engine, F>
where
    T: Send + 'static,
    F: Fn(&mut EngineTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
{
    type Output = Result<T, EngineError>;
    type IntoFuture = BoxFuture<'engine, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let core = self.engine.core.clone();
            if core.is_draining() {
                return Err(EngineError::ShuttingDown);
            }
            // A transaction runs to its end even if the caller stops waiting.
            let (body, limit) = (self.body, self.time_limit);
            let around = Around { scope: scope::surrounding(), caller: scope::caller() };
            let engine = core.clone();
            engine.to_the_end(async move { run(&core, body, limit, around).await }).await
        })
    }
}

/// The handle of [`Engine::transaction`]: SQL as in a [`Tx`], and engine writes in the same commit.
///
/// ```
/// # use steadfast::prelude::*;
/// use steadfast::sql::params;
/// # #[workflow]
/// # async fn ship(_flow: &mut Flow, order: u32) -> Result<u32> { Ok(order) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let engine = Engine::builder().sqlite(folder.path().join("shop.db")).workflow(ship).start().await?;
/// let id = engine.transaction(|tx| {
///     tx.execute("CREATE TABLE orders (number INTEGER PRIMARY KEY)", params![])?;
///     tx.execute("INSERT INTO orders VALUES (?1)", params![42])?;
///     Ok(tx.start(ship, 42).id("order-42").begin()?) // committed with the row, or not at all
/// });
/// assert_eq!(id.await?, "order-42");
/// # Ok(())
/// # }
/// ```
pub struct EngineTx<'a> {
    tx: Tx<'a>,
    core: &'a Core,
    lease: Option<Lease>,
    within: &'a mut dyn Within,
    around: Around,
    done: Done,
}

/// The scope where the transaction is awaited, since the closure runs on another thread.
#[derive(Clone)]
struct Around {
    scope: Scope,
    caller: Option<Arc<RunScope>>,
}

/// The effects to make known after the commit.
#[derive(Default)]
struct Done {
    started: Vec<(RunRow, Vec<EntryRow>)>,
    notified: Vec<i64>,
    /// An error that prevents the commit, whatever the closure returns.
    fault: Option<EngineError>,
    /// The errors that starts, messages and events have returned: the closure may return one of them.
    returned: Vec<EngineError>,
}

impl Done {
    /// Returns the error of a start, message or event if the closure has returned it with `?`.
    fn cause_of(&self, error: Error) -> EngineError {
        let kept = self.returned.iter().find(|kept| Error::from((*kept).clone()) == error);
        kept.cloned().unwrap_or(EngineError::RolledBack(error))
    }
}

impl<'a> Deref for EngineTx<'a> {
    type Target = Tx<'a>;

    fn deref(&self) -> &Tx<'a> {
        &self.tx
    }
}

impl DerefMut for EngineTx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.tx
    }
}

impl std::fmt::Debug for EngineTx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineTx").finish_non_exhaustive()
    }
}

impl<'a> EngineTx<'a> {
    /// Starts a run that exists if and only if this transaction is committed: choose its id, then
    /// [`begin`](TransactionalStart::begin).
    pub fn start<F, M>(
        &mut self,
        workflow: F,
        input: <F::Workflow as WorkflowDef>::Input,
    ) -> TransactionalStart<'_, 'a, F::Workflow>
    where
        F: Startable<M>,
    {
        drop(workflow);
        TransactionalStart { tx: self, input, given: Scope::default(), workflow: PhantomData }
    }

    /// Sends a message to a run in this commit: it arrives if and only if this transaction is committed.
    ///
    /// # Errors
    /// There is no such run, it has ended, or the message cannot be stored.
    pub fn send<M: Message>(&mut self, run: &str, message: M) -> Result<(), EngineError> {
        let sent = self.message(run, &message);
        drop(message);
        self.keep(sent)
    }

    fn message<M: Message>(&mut self, run: &str, message: &M) -> Result<(), EngineError> {
        let row = self.run(run)?.ok_or_else(|| EngineError::NoSuchRun { id: run.to_owned() })?;
        let item = messages::item(&self.core.fields(&row), row.number, message, None, self.core.now())?;
        self.deposit(run, item)
    }

    /// Keeps the error of a start, message or event for the caller, and returns it to the closure.
    pub(super) fn keep<T>(&mut self, result: Result<T, EngineError>) -> Result<T, EngineError> {
        if let Err(error) = &result {
            self.done.returned.push(error.clone());
        }
        result
    }

    pub(super) const fn core(&self) -> &Core {
        self.core
    }

    /// Puts an item into the inbox of a run in this commit; the run is notified afterwards.
    pub(super) fn deposit(&mut self, run: &str, item: NewInboxItem) -> Result<(), EngineError> {
        let row = self.run(run)?.ok_or_else(|| EngineError::NoSuchRun { id: run.to_owned() })?;
        match self.write(&Write::Send(NewInboxItem { run: row.number, ..item }))? {
            Ok(_) => {
                self.done.notified.push(row.number);
                Ok(())
            }
            Err(Rejected::Refused(text)) => Err(EngineError::value(text)),
            Err(Rejected::NoSuchRun) => Err(EngineError::NoSuchRun { id: run.to_owned() }),
            Err(_) => {
                let action = "nothing more reaches it";
                Err(EngineError::WrongStatus { id: row.id, status: row.status, action })
            }
        }
    }

    pub(super) fn run(&mut self, id: &str) -> Result<Option<RunRow>, EngineError> {
        self.still_open()?;
        let row = self.within.run(RunKey::Id(id));
        self.noted(row)
    }

    fn write(&mut self, write: &Write) -> Result<Result<Written, Rejected>, EngineError> {
        self.still_open()?;
        let written = self.within.write(write);
        self.noted(written)
    }

    /// Fails in a transaction that the database has rolled back: a write would be committed by itself.
    fn still_open(&self) -> Result<(), EngineError> {
        self.tx.usable().map_err(|error| EngineError::RolledBack(error.into()))
    }

    fn noted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, EngineError> {
        result.map_err(|error| {
            let error = EngineError::Store(error);
            self.done.fault.get_or_insert_with(|| error.clone());
            error
        })
    }
}

/// A closure as the store runs it, with the outcome of its last run.
struct Body<F, T> {
    core: Arc<Core>,
    lease: Option<Lease>,
    closure: Held<F>,
    around: Around,
    last: Arc<Last<T>>,
}

type Last<T> = Mutex<Option<(Result<T, EngineError>, Done)>>;

impl<T, F> TransactionBody for Body<F, T>
where
    T: Send,
    F: Fn(&mut EngineTx<'_>) -> Result<T, Error> + Send + Sync,
{
    fn run(&self, tx: &mut Tx<'_>, within: &mut dyn Within) -> AttemptOutcome {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (core, lease, around) = (&*self.core, self.lease, self.around.clone());
        let mut tx = EngineTx { tx: tx.part(), core, lease, within, around, done: Done::default() };
        let result = (self.closure)(&mut tx);
        let mut done = tx.done;
        let result = result.map_err(|error| done.cause_of(error));
        let result = match done.fault.take() {
            Some(fault) => Err(fault),
            None => result,
        };
        let outcome = match &result {
            Ok(_) => AttemptOutcome::Completed(Value::json("null")),
            Err(error) => crate::store::user_code::rolled_back(error.to_string()),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((result, done));
        outcome
    }
}

async fn run<T, F>(core: &Arc<Core>, closure: F, time_limit: Duration, around: Around) -> Result<T, EngineError>
where
    T: Send + 'static,
    F: Fn(&mut EngineTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
{
    let (lease, busy) = (core.lease_of_new(), core.busy());
    let last = Arc::new(Last::<T>::default());
    let body = Body { core: core.clone(), lease, closure: Held::new(closure), around, last: last.clone() };
    let write = Write::Transaction(UserCode::new(Arc::new(body), time_limit));
    let answer = core.committer.write(write).await;
    let last = last.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (value, done) = match (answer, last) {
        (Ok(Ok(_)), Some((Ok(value), done))) => (value, done),
        // The closure's own reason is more precise than a rejection. If the closure succeeded, another cause rolled it
        // back.
        (Ok(_), Some((Err(error), _))) => return Err(error),
        (Ok(Err(Rejected::Refused(why))), _) => return Err(EngineError::RolledBack(Error::msg(why))),
        (Ok(_), _) => return Err(EngineError::RolledBack(Error::msg("the store does not run transactions"))),
        (Err(error), Some((Ok(value), done))) => match done.started.first() {
            // The outcome is unknown: it is committed if the row of a run that it started exists.
            Some((row, _)) if was_written(core, row).await => (value, done),
            _ => return Err(EngineError::Store(error)),
        },
        (Err(error), _) => return Err(EngineError::Store(error)),
    };
    for (row, entries) in done.started {
        start::begin(core, &row, lease, entries);
    }
    inbox::look_all(core, done.notified);
    drop(busy);
    Ok(value)
}

async fn was_written(core: &Arc<Core>, started: &RunRow) -> bool {
    loop {
        let id = started.id.clone();
        match core.read(move |store| store.run(RunKey::Id(&id))).await {
            Ok(row) => return row.is_some_and(|row| row.execution == started.execution),
            Err(error) if !error.is_for_good() && core.pause(AGAIN).await => {}
            Err(_) => return false,
        }
    }
}
