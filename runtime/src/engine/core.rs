//! What all parts of an engine share.

mod active;
mod waiting;

pub(crate) use super::active_runs::Outcome;
pub(crate) use super::envelope::{DriverEvent, Envelope, Mailbox};

use super::active_runs::ActiveRuns;
use super::admission::Places;
use super::clock::Clock;
use super::committer::Committer;
use super::error::EngineError;
use super::lease::Leases;
use super::observers::Observers;
use super::outside::Outside;
use super::suspects::Suspects;
use super::threads;
use super::timers::{Busy, Sleeper, Timers};
use super::trials::Trials;
use super::waits::Seen;
use super::workflows::Workflows;
use crate::fields::{FieldStores, Fields};
use crate::policy::Policy;
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

/// What can be chosen of an engine.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) lease_term: Duration,
    pub(crate) max_loads: u32,
    pub(crate) evict_after: Duration,
    pub(crate) grace: Duration,
    pub(crate) limits: Limits,
    /// How often and how soon hooks and factories are tried again.
    pub(crate) restore: Policy,
    /// How often and how soon a field store is tried again.
    pub(crate) field_stores: Policy,
    /// How long one try may take.
    pub(crate) field_store_timeout: Duration,
    pub(crate) stores: Arc<FieldStores>,
    /// What encrypts secrets; none without keys.
    pub(crate) cipher: Option<Arc<dyn Cipher>>,
    pub(crate) session_policy: SessionPolicy,
    #[cfg(feature = "testing")]
    pub(crate) stubs: crate::journal::Stubs,
}

/// The work that lower parts of an engine ask of the upper ones: functions that the builder hands in, so that imports point one
/// way.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    /// Brings a run of ours into memory; `false` if it is there, perhaps about to leave.
    pub(crate) load: fn(&Arc<Core>, i64) -> bool,
    /// The same, and waits until it has been replayed, driven or refused; but not for long.
    pub(crate) load_and_wait: fn(&Arc<Core>, i64) -> BoxFuture<'static, ()>,
    /// Looks, in a moment, what was left undone while the store did not work.
    pub(crate) catch_up: fn(&Arc<Core>),
}

/// What all parts of an engine share.
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    /// The same database, for what users ask.
    outside: Outside,
    /// For runs that come back into memory because something was said to them; those that are due have places of their own.
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
    /// Held while a run is put into the database with its contents; garbage is collected at no such time.
    pub(crate) import_gate: Arc<tokio::sync::RwLock<()>>,
    /// The observers of outputs that wait.
    pub(crate) observers: Observers,
    /// How far the steps of runs in memory are, as they say.
    pub(crate) boards: Boards,
    /// What those who asked for the status of runs were told last.
    pub(crate) seen: Arc<Seen>,
    /// Notified whenever a run enters or leaves memory.
    pub(crate) moved: Notify,
    /// Starts nothing more; bodies in flight may finish.
    pub(crate) draining: AtomicBool,
    /// It was noticed that the time of day was set.
    pub(crate) set: AtomicBool,
    /// The store has failed, and nobody has looked yet what was left undone.
    pub(crate) behind: AtomicBool,
    /// Notified when the engine begins to stop.
    pub(crate) stopping: Notify,
    /// Bodies that block their thread leave some of the runtime's for everything else.
    pub(crate) blocking: Arc<Semaphore>,
    active: Mutex<ActiveRuns>,
    /// What stands above and is asked for from below.
    work: Work,
}

/// How many bodies may block a thread at once: half of what tokio has, unless told otherwise.
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
            observers: Observers::default(),
            boards: Boards::default(),
            seen: Arc::default(),
            moved: Notify::new(),
            draining: AtomicBool::new(false),
            set: AtomicBool::new(false),
            behind: AtomicBool::new(false),
            stopping: Notify::new(),
            blocking: Arc::new(Semaphore::new(BLOCKING)),
            active: Mutex::default(),
            work,
        }
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Now, as durations are recorded that begin now: in milliseconds since 1970.
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

    /// Runs something to its end, even if nobody waits for the answer any longer.
    ///
    /// # Errors
    /// Its own; or that the runtime ends, or that this is called where it could never end.
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
        if !store.waits() {
            return Ok(read(&*store)?);
        }
        let task = threads::blocking(&self.runtime, move || read(&*store))?;
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

    /// Whether no run is in memory.
    pub(crate) fn is_empty(&self) -> bool {
        self.active_runs().mail.is_empty()
    }

    /// Whether a run is in memory.
    pub(crate) fn is_active(&self, run: i64) -> bool {
        self.active_runs().mail.contains_key(&run)
    }

    /// The environment of a run that is being loaded.
    pub(crate) fn env(&self, row: &RunRow) -> Arc<RunEnv> {
        let session = self.active_runs().sessions.of(row.number, &row.id);
        let env = RunEnv::new(self.fields(row), self.resources.clone(), session);
        self.boards.enter(row.number, &env.board);
        env
    }

    /// How the fields of a run are written and read.
    pub(crate) fn fields(&self, row: &RunRow) -> Arc<Fields> {
        let id = row.id_at_work().to_owned();
        self.fields_as(RunIdentity { id, workflow: row.workflow.clone(), execution: row.execution })
    }

    /// The same for a run that is about to be written.
    pub(crate) fn fields_of(&self, run: &ImportedRun) -> Arc<Fields> {
        self.fields_as(RunIdentity { id: run.id.clone(), workflow: run.workflow.clone(), execution: run.execution })
    }

    /// What seals the secrets of a run of this database.
    pub(crate) fn vault(&self, execution: [u8; 16]) -> Arc<Vault> {
        Vault::new(self.options.cipher.clone(), self.store.database_id(), execution)
    }

    pub(crate) fn fields_as(&self, run: RunIdentity) -> Arc<Fields> {
        let Options { stores, cipher, limits, .. } = &self.options;
        Fields::new(self.store.database_id(), Arc::new(run), stores.clone(), cipher.clone(), limits.value)
    }

    /// Runs that are not in memory are looked at when one of them may be due: at a moment, or after a duration.
    pub(crate) fn wake_evicted(&self, due: i64) {
        let reading = self.clock.read();
        let elapsed = reading.elapsed_at(due).min(due.saturating_sub(reading.offset));
        self.timers.no_later_than(Sleeper::Evicted, elapsed);
    }

    /// Brings a run of ours into memory; `false` if it is there, perhaps about to leave.
    pub(crate) fn load(self: &Arc<Self>, run: i64) -> bool {
        (self.work.load)(self, run)
    }

    /// Brings a run into memory and waits until it has been replayed, driven or refused; but not for long.
    pub(crate) async fn load_and_wait(self: &Arc<Self>, run: i64) {
        (self.work.load_and_wait)(self, run).await;
    }

    /// The store has failed: what was left undone is looked for in a moment.
    pub(crate) fn catch_up(self: &Arc<Self>) {
        (self.work.catch_up)(self);
    }

    /// The lease under which this engine may write a run's journal now.
    pub(crate) fn lease(&self, number: Option<i64>) -> Option<Lease> {
        self.leases.held(number?)
    }
}

/// A user's code within a commit must not wait for the engine: nothing is written before that code ends. Nor must the
/// closure of an edit, which holds up all other edits of its run.
fn not_within_a_commit() -> Result<(), EngineError> {
    if user_code::runs_here() {
        Err(EngineError::WithinTransaction)
    } else if state::runs_here() {
        Err(EngineError::WithinEdit)
    } else {
        Ok(())
    }
}

/// An engine that nobody has stopped lets go of its resources in the same order as one that was.
impl Drop for Core {
    fn drop(&mut self) {
        self.resources.let_go();
    }
}
