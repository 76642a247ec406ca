//! The state that all parts of an engine share.

mod active;
mod waiting;

pub(crate) use super::active_runs::Outcome;
pub(crate) use super::envelope::{DriverEvent, Envelope, Mailbox};

use super::active_runs::ActiveRuns;
use super::admission::Places;
use super::clock::Clock;
use super::committer::Committer;
use super::error::EngineError;
use super::lease::{Leases, Takes};
use super::looking::Looking;
use super::observers::{Far, Observers};
use super::outside::Outside;
use super::queues::{Queues, Tasks};
use super::rules::Rules;
use super::spans::{TraceExporter, Traces};
use super::suspects::Suspects;
use super::threads;
use super::timers::{Busy, Sleeper, Timers};
use super::trials::Trials;
use super::workflows::Workflows;
use crate::fields::{FieldStores, Fields};
use crate::inspect::heard::Hearing;
use crate::inspect::waits::Seen;
use crate::metrics;
use crate::policy::Policy;
use crate::queue::Declared;
use crate::record::{Limits, RunIdentity};
use crate::resources::Resources;
use crate::run_env::{Boards, RunEnv};
use crate::session::SessionPolicy;
use crate::state;
use crate::store::{ImportedRun, Lease, RunRow, Store, StoreError, user_code};
use crate::vault::{Cipher, Vault};
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// The configuration of an engine.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) lease_term: Duration,
    pub(crate) max_loads: u32,
    pub(crate) evict_after: Duration,
    /// Whether it owns and drives no runs.
    pub(crate) is_client: bool,
    /// The most runs at work with which it claims more.
    pub(crate) max_claimed: usize,
    /// The queues whose remote steps it runs.
    pub(crate) queues: Queues,
    /// The queues that it declares.
    pub(crate) declared: Arc<Declared>,
    pub(crate) grace: Duration,
    pub(crate) limits: Limits,
    /// The retry policy for hooks and factories.
    pub(crate) restore: Policy,
    /// The retry policy for field stores.
    pub(crate) field_stores: Policy,
    /// The time limit for one try of a field store.
    pub(crate) field_store_timeout: Duration,
    pub(crate) stores: Arc<FieldStores>,
    /// The cipher for secrets; `None` without keys.
    pub(crate) cipher: Option<Arc<dyn Cipher>>,
    pub(crate) session_policy: SessionPolicy,
    /// Where spans go.
    pub(crate) traces: TraceExporter,
    /// Which runs are deleted once they have ended.
    pub(crate) retention: Rules,
    #[cfg(feature = "testing")]
    pub(crate) stubs: crate::journal::Stubs,
}

/// Work that lower parts of an engine request from upper ones: functions that the builder passes in, so that imports
/// point one way.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    /// Activates a run of ours; `false` if it is active, perhaps about to be evicted.
    pub(crate) load: fn(&Arc<Core>, i64) -> bool,
    /// Activates a run and waits, for a limited time, until it has been replayed, driven or refused.
    pub(crate) load_and_wait: fn(&Arc<Core>, i64) -> BoxFuture<'static, ()>,
    /// Looks soon for work left undone while the store did not work.
    pub(crate) catch_up: fn(&Arc<Core>),
    /// Looks for remote steps to run.
    pub(crate) look_for_tasks: fn(&Arc<Core>),
    /// Looks for runs without an owner.
    pub(crate) look_for_runs: fn(&Arc<Core>),
    /// Looks for remote steps to run, and for those that run here and nothing waits for any more.
    pub(crate) look_for_cancelled_tasks: fn(&Arc<Core>),
    /// Looks for schedules that are due.
    #[cfg(feature = "schedules")]
    pub(crate) look_for_schedules: fn(&Arc<Core>),
}

/// The state that all parts of an engine share.
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    /// The access to the database for queries of users.
    outside: Outside,
    /// Permits for activations that a message caused; runs that are due have permits of their own.
    pub(crate) places: Places,
    pub(crate) committer: Committer,
    pub(crate) workflows: Workflows,
    pub(crate) options: Options,
    pub(crate) clock: Arc<Clock>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) leases: Arc<Leases>,
    /// Parked runs that were tried since the start.
    pub(crate) trials: Trials,
    /// Runs that were at work when processes died.
    pub(crate) suspects: Suspects,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) resources: Resources,
    /// Held shared while a run is written with its contents, and exclusively while garbage is collected.
    pub(crate) import_gate: Arc<tokio::sync::RwLock<()>>,
    /// Those that wait here for what other engines do.
    pub(crate) far: Arc<Far>,
    /// The waiting observers of outputs.
    pub(crate) observers: Observers,
    /// The progress that steps of active runs have reported.
    pub(crate) boards: Boards,
    /// A cache of the open calls of runs whose status was read.
    pub(crate) seen: Arc<Seen>,
    /// Notified whenever a run is activated or evicted.
    pub(crate) moved: Notify,
    /// Whether nothing more is started; bodies in flight may finish.
    pub(crate) draining: AtomicBool,
    /// Whether a change of the wall clock was noticed.
    pub(crate) set: AtomicBool,
    /// The remote steps that it runs.
    pub(crate) tasks: Tasks,
    /// The look for unowned runs.
    pub(crate) claiming: Looking,
    pub(crate) hearing: Hearing,
    /// The spans that it exports.
    pub(crate) traces: Traces,
    /// The schedules that it fires.
    #[cfg(feature = "schedules")]
    pub(crate) schedules: super::schedules::Schedules,
    /// Whether the store has failed and the work left undone has not been looked for yet.
    pub(crate) behind: AtomicBool,
    /// Notified when the engine begins to stop.
    pub(crate) stopping: Notify,
    /// Permits for bodies that block their thread, which leave some of the runtime's threads for everything else.
    pub(crate) blocking: Arc<Semaphore>,
    active: Mutex<ActiveRuns>,
    /// Work of the upper parts.
    work: Work,
}

/// The most bodies that may block a thread at once: half of tokio's default.
const BLOCKING: usize = 256;

impl Core {
    #[expect(clippy::too_many_arguments, reason = "called once, by the builder, with a name for each")]
    pub(crate) fn new(
        store: Arc<dyn Store>,
        committer: Committer,
        workflows: Workflows,
        options: Options,
        clock: Arc<Clock>,
        timers: Arc<Timers>,
        leases: Arc<Leases>,
        resources: Resources,
        work: Work,
    ) -> Self {
        let hearing = Hearing::new(options.lease_term);
        let traces = if options.is_client { Traces::default() } else { Traces::new(&options.traces) };
        let suspects = Suspects::new(leases.recorder().clone(), options.max_loads);
        Self {
            outside: Outside::of(&store),
            places: Places::default(),
            store,
            committer,
            workflows,
            options,
            clock,
            timers,
            leases,
            trials: Trials::default(),
            suspects,
            runtime: tokio::runtime::Handle::current(),
            resources,
            import_gate: Arc::default(),
            far: Arc::default(),
            observers: Observers::default(),
            boards: Boards::default(),
            seen: Arc::default(),
            moved: Notify::new(),
            draining: AtomicBool::new(false),
            set: AtomicBool::new(false),
            tasks: Tasks::default(),
            claiming: Looking::default(),
            hearing,
            traces,
            #[cfg(feature = "schedules")]
            schedules: super::schedules::Schedules::default(),
            behind: AtomicBool::new(false),
            stopping: Notify::new(),
            blocking: Arc::new(Semaphore::new(BLOCKING)),
            active: Mutex::default(),
            work,
        }
    }

    /// Returns the wall clock, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Returns the time with which durations that begin now are recorded, in milliseconds since 1970.
    pub(crate) fn recorded_now(&self) -> i64 {
        self.clock.elapsed().saturating_add(self.clock.offset())
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Marks the engine as busy for a clock that skips sleeps.
    pub(crate) fn busy(&self) -> Option<Busy> {
        self.clock.skips().then(|| self.timers.busy())
    }

    pub(crate) fn envelope(&self, event: DriverEvent) -> Envelope {
        Envelope { event, busy: self.busy() }
    }

    /// Runs a future to its end, even if the caller stops waiting.
    ///
    /// # Errors
    /// The future's own; the runtime has ended; or this is called within a commit or an edit, where it could never end.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, EngineError>> + Send + 'static,
    ) -> Result<T, EngineError> {
        not_within_a_commit()?;
        self.runtime.spawn(work).await.unwrap_or(Err(EngineError::ShuttingDown))
    }

    /// Reads the store on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, EngineError> {
        not_within_a_commit()?;
        let store = self.store.clone();
        let read = move || read(&*store).inspect_err(|error| metrics::store_failed("read", error));
        if !self.store.waits() {
            return Ok(read()?);
        }
        let task = threads::blocking(&self.runtime, read)?;
        Ok(task.await.map_err(|_| EngineError::ShuttingDown)??)
    }

    /// Reads the store for a user: beside the engine's own reads, and a few at a time.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, EngineError> {
        not_within_a_commit()?;
        self.outside.ask(&self.runtime, read).await
    }

    fn active_runs(&self) -> MutexGuard<'_, ActiveRuns> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether no run is active, and no remote step runs here.
    pub(crate) fn is_empty(&self) -> bool {
        self.active_runs().mail.is_empty() && self.tasks.is_empty()
    }

    /// Returns the lease of a run that is new here; `None` leaves it to a worker.
    pub(crate) fn lease_of_new(&self) -> Option<Lease> {
        (!self.options.is_client).then(|| self.leases.primary())
    }

    /// Returns what this engine takes from those that are gone.
    pub(crate) fn takes(&self) -> Takes {
        Takes::by(&self.workflows, &self.options.queues)(self.store.shares_work())
    }

    /// Returns how many runs are active.
    pub(crate) fn active_count(&self) -> usize {
        self.active_runs().mail.len()
    }

    /// Returns whether a run is active.
    pub(crate) fn is_active(&self, run: i64) -> bool {
        self.active_runs().mail.contains_key(&run)
    }

    /// Makes the environment of a run that is being loaded.
    pub(crate) fn env(&self, row: &RunRow) -> Arc<RunEnv> {
        let session = self.active_runs().sessions.of(row.number, &row.id);
        let queues = self.options.declared.clone();
        let env = RunEnv::with_queues(self.fields(row), self.resources.clone(), session, queues);
        self.boards.enter(row.number, &env.board);
        env
    }

    /// Returns the means to write and read the fields of a run.
    pub(crate) fn fields(&self, row: &RunRow) -> Arc<Fields> {
        let id = row.id_at_work().to_owned();
        self.fields_as(RunIdentity { id, workflow: row.workflow.clone(), execution: row.execution })
    }

    /// Returns the means to write and read the fields of a run that is about to be written.
    pub(crate) fn fields_of(&self, run: &ImportedRun) -> Arc<Fields> {
        self.fields_as(RunIdentity { id: run.id.clone(), workflow: run.workflow.clone(), execution: run.execution })
    }

    /// Returns the vault that seals the secrets of a run of this database.
    pub(crate) fn vault(&self, execution: [u8; 16]) -> Arc<Vault> {
        Vault::new(self.options.cipher.clone(), self.store.database_id(), execution)
    }

    pub(crate) fn fields_as(&self, run: RunIdentity) -> Arc<Fields> {
        let Options { stores, cipher, limits, .. } = &self.options;
        Fields::new(self.store.database_id(), Arc::new(run), stores.clone(), cipher.clone(), limits.value)
    }

    /// Schedules a look at evicted runs for when one of them may be due. `due` may be a moment or the end of a
    /// duration, so the earlier of both readings counts.
    pub(crate) fn wake_evicted(&self, due: i64) {
        let reading = self.clock.read();
        let elapsed = reading.elapsed_at(due).min(due.saturating_sub(reading.offset));
        self.timers.no_later_than(Sleeper::Evicted, elapsed);
    }

    /// Activates a run of ours; `false` if it is active, perhaps about to be evicted.
    pub(crate) fn load(self: &Arc<Self>, run: i64) -> bool {
        (self.work.load)(self, run)
    }

    /// Activates a run and waits, for a limited time, until it has been replayed, driven or refused.
    pub(crate) async fn load_and_wait(self: &Arc<Self>, run: i64) {
        (self.work.load_and_wait)(self, run).await;
    }

    /// Schedules a look for the work left undone, after the store has failed.
    pub(crate) fn catch_up(self: &Arc<Self>) {
        (self.work.catch_up)(self);
    }

    /// Looks for remote steps to run or to cancel, because a run of this engine has changed some.
    pub(crate) fn look_for_tasks(self: &Arc<Self>) {
        (self.work.look_for_tasks)(self);
    }

    pub(crate) fn look_for_runs(self: &Arc<Self>) {
        (self.work.look_for_runs)(self);
    }

    pub(crate) fn look_for_cancelled_tasks(self: &Arc<Self>) {
        (self.work.look_for_cancelled_tasks)(self);
    }

    /// Looks for schedules that are due, because a run has ended for which one waits.
    #[cfg(feature = "schedules")]
    pub(crate) fn look_for_schedules(self: &Arc<Self>) {
        (self.work.look_for_schedules)(self);
    }

    /// Returns the lease under which this engine may write a run's journal now.
    pub(crate) fn lease(&self, number: Option<i64>) -> Option<Lease> {
        self.leases.held(number?)
    }
}

/// Refuses calls that would wait forever. User code within a commit must not wait for the engine, which writes nothing
/// before that code ends. Nor must the closure of an edit, which blocks all other edits of its run.
fn not_within_a_commit() -> Result<(), EngineError> {
    if user_code::runs_here() {
        Err(EngineError::WithinTransaction)
    } else if state::runs_here() {
        Err(EngineError::WithinEdit)
    } else {
        Ok(())
    }
}

/// An engine dropped without a shutdown releases its resources in the same order as one that was shut down.
impl Drop for Core {
    fn drop(&mut self) {
        self.resources.let_go();
    }
}
