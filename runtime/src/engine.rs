//! Starts runs, drives them and takes over the runs of engines that died; the only module that spawns.

mod active_runs;
mod activity;
mod admission;
mod asked;
mod attach;
mod builder;
mod cancelling;
mod check;
mod claiming;
mod clock;
mod committer;
mod contents;
mod continue_as_new;
mod continuing;
mod core;
mod dead;
mod delete;
mod diagram;
mod driver;
mod driving;
#[cfg(test)]
mod driving_tests;
mod emitting;
mod envelope;
mod error;
#[cfg(feature = "sqlite")]
mod export;
mod far;
mod fields;
mod find;
#[cfg(feature = "schedules")]
mod firing;
mod fleet;
mod forking;
mod garbage;
mod gauges;
mod half_copied;
mod handle;
mod health;
#[cfg(feature = "sqlite")]
mod import;
mod import_run;
mod inbox;
mod indexed;
mod info;
mod inspecting;
mod kept_out;
mod lease;
mod lease_watch;
mod limit;
mod load;
mod loaded;
mod looking;
mod messages;
mod observers;
mod opening;
mod outputs;
mod outside;
mod parked;
mod parking;
mod pausing;
mod prepare;
mod probation;
mod queue;
mod queued_runs;
mod queues;
mod reading;
mod rebuild;
mod recovery;
mod reindex;
mod requests;
mod requirements;
mod reseal;
mod retention;
mod rooms;
mod rules;
mod running_attempts;
mod running_step;
#[cfg(feature = "schedules")]
mod schedule;
#[cfg(feature = "schedules")]
mod schedules;
mod sessions;
mod setting;
mod shared_state;
mod sharing;
mod shutdown;
mod side_files;
mod spans;
mod start;
mod submit;
mod suspects;
mod sync;
mod task_run;
mod tasks;
#[cfg(feature = "terminal")]
mod terminal;
mod threads;
mod time_travel;
mod timers;
mod trace;
mod traces;
mod transaction;
mod trials;
mod untyped;
mod waking;
mod workflows;

pub use activity::{Activity, ActivityKind, ActivityReader, EventsAndActivity, RunEvent, Waited};
#[cfg(feature = "testing")]
pub(crate) use attach::{Attach, find as find_attached, judge};
pub use builder::EngineBuilder;
pub use cancelling::Cancelling;
pub use check::{CheckReport, Problem};
#[cfg(feature = "testing")]
pub(crate) use continue_as_new::{Continuation, successor_in};
pub use emitting::EmitCall;
pub use error::{EngineError, RunError};
#[cfg(feature = "sqlite")]
pub use export::ExportInfo;
pub use find::FindCall;
pub(crate) use forking::Asked as AskedFork;
pub use forking::{ForkCall, ForkPoint, RewindCall};
pub use garbage::Garbage;
pub use handle::{Run, RunHandle};
pub use health::{Health, Unserved};
#[cfg(feature = "sqlite")]
pub use import::ImportCall;
#[cfg(feature = "testing")]
pub(crate) use inbox::result_of;
pub use info::{RunFilter, RunInfo};
pub use messages::SendCall;
pub use outputs::{EventStream, StreamReader};
pub use pausing::Pause;
#[cfg(feature = "testing")]
pub(crate) use prepare::Preparation;
pub use queue::QueueHandle;
#[cfg(feature = "testing")]
pub(crate) use queued_runs::place_of;
#[cfg(feature = "testing")]
pub(crate) use rebuild::rebuild;
pub use requests::OpenRequest;
#[cfg(feature = "testing")]
pub(crate) use requests::hash as hash_of_answer;
pub use rules::Retention;
pub use running_step::RunningStep;
#[cfg(feature = "schedules")]
pub use schedule::ScheduleHandle;
pub use shared_state::{StateEntry, StateHistory};
pub use shutdown::ShutdownReport;
pub use start::{StartCall, StartedAll};
#[cfg(feature = "testing")]
pub(crate) use time_travel::rows_with;
pub use time_travel::{ContextEntry, ContextHistory, FieldChange};
pub use transaction::{EngineTx, TransactionCall, TransactionalStart};
pub(crate) use untyped::{UntypedStart, value_of_json};

use self::core::Core;
use crate::workflow::{Startable, WorkflowDef};
use std::sync::Arc;

/// Starts workflow runs, drives them, and resumes them after a crash.
///
/// Made by [`Engine::builder`]. Cheap to clone; all clones are one engine, and the handle of a run holds a clone. The
/// engine stops at once when the last clone is dropped, as in a crash: nothing is lost, and the next engine on the same
/// database resumes its runs. For an orderly end use [`shutdown`](Engine::shutdown).
///
/// ```
/// use steadfast::prelude::*;
///
/// #[step]
/// async fn double(n: u64) -> Result<u64> {
///     Ok(2 * n)
/// }
///
/// #[workflow]
/// async fn twice(flow: &mut Flow, n: u64) -> Result<u64> {
///     let n = double(flow, n).await?;
///     Ok(double(flow, n).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("runs.db");
/// let engine = Engine::builder().sqlite(&path).workflow(twice).start().await?;
/// let run = engine.start(twice, 3).id("order-1").await?;
/// drop((engine, run)); // as in a crash
///
/// let engine = Engine::builder().sqlite(&path).workflow(twice).start().await?;
/// assert_eq!(engine.handle(twice, "order-1").await?.result().await?, 12);
/// engine.shutdown(Duration::from_secs(5)).await?;
/// # Ok(())
/// # }
/// ```
pub struct Engine {
    pub(crate) core: SharedCore,
}

impl Clone for Engine {
    fn clone(&self) -> Self {
        Self { core: SharedCore(self.core.0.clone()) }
    }
}

/// What all handles of an engine share.
//
// A trait object: debug information describes a type with all types in it, in each part of a program that has a handle.
// That of a small program was for the most part about the inside of engines. Not `Clone`: a clone of a handle's `core`
// is the core itself, which keeps no engine from stopping.
pub(crate) struct SharedCore(Arc<dyn AnyCore>);

trait AnyCore: Send + Sync {
    fn core(&self) -> &Arc<Core>;
}

struct Shared {
    core: Arc<Core>,
    /// Stops the engine when the last handle is dropped.
    _stop: shutdown::StopOnDrop,
}

impl AnyCore for Shared {
    fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl std::ops::Deref for SharedCore {
    type Target = Arc<Core>;

    fn deref(&self) -> &Arc<Core> {
        self.0.core()
    }
}

impl Engine {
    fn new(core: Arc<Core>) -> Self {
        let shared = Shared { _stop: shutdown::StopOnDrop(Arc::downgrade(&core)), core };
        Self { core: SharedCore(Arc::new(shared)) }
    }

    /// Creates a builder: name a database and the workflows, then call `start`.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::new()
    }

    /// Starts a run of a workflow with its input; `()` for a workflow without one. Awaiting the call returns the run's
    /// handle once the start is durable.
    ///
    /// Give it an id with [`id`](StartCall::id) to make the start safe to repeat: the same id with the same workflow
    /// and input is the same run, finished or not.
    ///
    /// # Errors
    /// See [`EngineError`]: among others an id that was used for something else.
    pub fn start<F, M>(&self, workflow: F, input: <F::Workflow as WorkflowDef>::Input) -> StartCall<'_, F::Workflow>
    where
        F: Startable<M>,
    {
        drop(workflow);
        StartCall::new(self, input)
    }

    /// Writes to your own tables in the engine's file and starts runs in one commit: the runs exist if and only if the
    /// rows do.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn deliver(_flow: &mut Flow, order: u32) -> Result<u32> {
    ///     Ok(order)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("app.db");
    /// let engine = Engine::builder().sqlite(&path).workflow(deliver).start().await?;
    /// let run = engine
    ///     .transaction(|tx| {
    ///         tx.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY)", [])?;
    ///         tx.execute("INSERT INTO orders (id) VALUES (?1)", [7])?;
    ///         Ok(tx.start(deliver, 7).id("order-7").begin()?)
    ///     })
    ///     .await?;
    /// assert_eq!(engine.handle(deliver, &run).await?.result().await?, 7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the closure returns an error, panics or exceeds its [time limit](TransactionCall::time_limit), the
    /// transaction is rolled back. While the closure runs, no other code writes to the file. It may run again before it
    /// is committed, so its only effects should be those of its handle. Calling the engine itself inside the closure is
    /// an error ([`EngineError::WithinTransaction`]): start runs and send messages through the handle.
    ///
    /// # Errors
    /// The error of a [start](TransactionalStart::begin), message or event if the closure returns it, otherwise
    /// [`EngineError::RolledBack`] with the closure's error, or with the database's error at the commit. After
    /// [`EngineError::Store`] the transaction may have been committed nevertheless; a run with an id of your own makes
    /// it safe to repeat.
    pub fn transaction<T, F>(&self, body: F) -> TransactionCall<'_, F>
    where
        T: Send + 'static,
        F: Fn(&mut EngineTx<'_>) -> crate::Result<T> + Send + Sync + 'static,
    {
        TransactionCall::new(self, body)
    }

    /// Returns the typed handle of a run of this workflow by its id.
    ///
    /// # Errors
    /// No run has this id, or it is a run of another workflow.
    pub async fn handle<F, M>(
        &self,
        workflow: F,
        id: &str,
    ) -> Result<RunHandle<<F::Workflow as WorkflowDef>::Output, <F::Workflow as WorkflowDef>::Error>, EngineError>
    where
        F: Startable<M>,
    {
        drop(workflow);
        let run = self.run(id).await?;
        if run.workflow() != F::Workflow::NAME {
            let (id, found) = (id.to_owned(), run.workflow().to_owned());
            return Err(EngineError::OtherWorkflow { id, expected: F::Workflow::NAME.to_owned(), found });
        }
        Ok(RunHandle::new(run, false, F::Workflow::CODE.end))
    }

    /// Returns a run by its id, whatever its workflow.
    ///
    /// # Errors
    /// No run has this id.
    pub async fn run(&self, id: &str) -> Result<Run, EngineError> {
        let key = id.to_owned();
        let row = self.core.ask(move |store| store.run(crate::store::RunKey::Id(&key))).await?;
        let row = row.ok_or_else(|| EngineError::NoSuchRun { id: id.to_owned() })?;
        Ok(Run::new(self, &row))
    }

    /// Returns the runs that match a filter, one page at a time, in the order of their start.
    ///
    /// The cost of a page does not depend on the number of runs, but on how many rows the filter's most selective
    /// condition leaves. The engine's work does not wait for it. A run whose row is damaged is left out and named in
    /// the log; [`run`](Engine::run) reports what is wrong with it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn list(&self, filter: RunFilter) -> Result<Vec<RunInfo>, EngineError> {
        let page = self.core.ask(move |store| store.runs(&filter.query())).await?;
        recovery::report(&page);
        Ok(page.runs.into_iter().map(RunInfo::from_row).collect())
    }

    /// Retries a parked run now.
    ///
    /// # Errors
    /// No run has this id, or it is not parked.
    pub async fn retry(&self, id: &str) -> Result<(), EngineError> {
        let run = self.run(id).await?;
        parked::retry(&self.core, run.number(), id, None).await
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("database", &self.core.store.database_id()).finish_non_exhaustive()
    }
}
