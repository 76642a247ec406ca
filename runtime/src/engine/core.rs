//! What all parts of an engine share.

use super::clock::Clock;
use super::committer::Committer;
use super::error::EngineError;
use super::lease::Leases;
use super::timers::{Busy, Sleeper, Timers};
use crate::journal::AttemptOutcome;
use crate::machine::{AnyWorkflow, Limits};
use crate::store::{InboxRow, Lease, Status, Store, StoreError};
use crate::value::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// What can be chosen of an engine.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) lease_term: Duration,
    pub(crate) max_loads: u32,
    pub(crate) evict_after: Duration,
    pub(crate) grace: Duration,
    pub(crate) limits: Limits,
    #[cfg(feature = "testing")]
    pub(crate) stubs: crate::testing::Stubs,
}

/// What all parts of an engine share.
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) committer: Committer,
    pub(crate) workflows: BTreeMap<&'static str, Arc<dyn AnyWorkflow>>,
    pub(crate) options: Options,
    pub(crate) clock: Arc<Clock>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) leases: Leases,
    pub(crate) runtime: tokio::runtime::Handle,
    /// Notified whenever a run enters or leaves memory.
    pub(crate) moved: Notify,
    /// Starts nothing more; bodies in flight may finish.
    pub(crate) draining: AtomicBool,
    residents: Mutex<HashMap<i64, Resident>>,
}

/// A run in memory.
pub(crate) struct Resident {
    pub(crate) mail: mpsc::UnboundedSender<Letter>,
    waiters: Vec<oneshot::Sender<Outcome>>,
}

/// How a run left memory.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It ended: with this status, and what its last entry says.
    Ended(Status, Option<Value>),
    /// It is parked, evicted or no longer ours: the database says.
    Left,
}

/// What is said to the driver of a run. While it is under way the engine is busy.
pub(crate) struct Letter {
    pub(crate) message: Message,
    _busy: Option<Busy>,
}

/// What is said to the driver of a run.
pub(crate) enum Message {
    /// An attempt of a step has ended.
    AttemptEnded { position: u64, attempt: u32, outcome: AttemptOutcome },
    /// All up to this entry is durable.
    Durable(u64),
    /// An append was not written, or nobody knows.
    Unwritten(StoreError),
    /// The run is no longer ours.
    Fenced,
    /// A lease was lost: leave if it was this run's.
    Recheck(i64),
    /// Something is due.
    Due,
    /// Something came from outside.
    Inbox(Vec<InboxRow>),
    /// The workflow was woken by something foreign.
    Foreign,
    /// The engine shuts down: finish what is in flight and leave.
    Drain,
    /// Leave at once.
    Halt,
}

impl Core {
    #[allow(clippy::too_many_arguments, reason = "called once, by the builder, with a name for each")]
    pub(crate) fn new(
        store: Arc<dyn Store>,
        committer: Committer,
        workflows: BTreeMap<&'static str, Arc<dyn AnyWorkflow>>,
        options: Options,
        clock: Arc<Clock>,
        timers: Arc<Timers>,
        leases: Leases,
    ) -> Self {
        Self {
            store,
            committer,
            workflows,
            options,
            clock,
            timers,
            leases,
            runtime: tokio::runtime::Handle::current(),
            moved: Notify::new(),
            draining: AtomicBool::new(false),
            residents: Mutex::default(),
        }
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Marks the engine as busy for a clock that skips sleeps.
    pub(crate) fn busy(&self) -> Option<Busy> {
        self.clock.skips().then(|| self.timers.busy())
    }

    pub(crate) fn letter(&self, message: Message) -> Letter {
        Letter { message, _busy: self.busy() }
    }

    /// Reads the store on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let store = self.store.clone();
        if !store.waits() {
            return Ok(read(&*store)?);
        }
        let task = self.runtime.spawn_blocking(move || read(&*store));
        Ok(task.await.map_err(|_| EngineError::ShuttingDown)??)
    }

    pub(crate) fn residents(&self) -> MutexGuard<'_, HashMap<i64, Resident>> {
        self.residents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a run in memory; `None` if it is there already.
    pub(crate) fn enter(&self, run: i64) -> Option<Mail> {
        let (mail, letters) = mpsc::unbounded_channel();
        {
            let mut residents = self.residents();
            if residents.contains_key(&run) {
                return None;
            }
            residents.insert(run, Resident { mail: mail.clone(), waiters: Vec::new() });
        }
        self.moved.notify_waiters();
        Some(Mail { sender: mail, letters })
    }

    /// A run leaves memory; who waits for it is told how.
    pub(crate) fn leave(&self, run: i64, outcome: &Outcome) {
        let resident = self.residents().remove(&run);
        self.has_left(run, resident, outcome);
    }

    fn has_left(&self, run: i64, resident: Option<Resident>, outcome: &Outcome) {
        self.timers.set(Sleeper::Run(run), None);
        for waiter in resident.into_iter().flat_map(|resident| resident.waiters) {
            // Who no longer waits need not know.
            let _ = waiter.send(outcome.clone());
        }
        self.moved.notify_waiters();
    }

    /// A run leaves memory to come back later, unless something has been said to it meanwhile.
    pub(crate) fn leave_if_quiet(&self, run: i64, mail: &Mail) -> bool {
        // Whoever says something to a run holds this lock.
        let mut residents = self.residents();
        if !mail.letters.is_empty() {
            return false;
        }
        let resident = residents.remove(&run);
        drop(residents);
        self.has_left(run, resident, &Outcome::Left);
        true
    }

    /// Says something to a run; `false` if it is not in memory.
    pub(crate) fn tell(&self, run: i64, message: Message) -> bool {
        let residents = self.residents();
        residents.get(&run).is_some_and(|resident| resident.mail.send(self.letter(message)).is_ok())
    }

    /// Waits for a run in memory to leave it; `None` if it is not there.
    pub(crate) fn wait_for(&self, run: i64) -> Option<oneshot::Receiver<Outcome>> {
        let mut residents = self.residents();
        let resident = residents.get_mut(&run)?;
        let (tell, told) = oneshot::channel();
        resident.waiters.push(tell);
        Some(told)
    }

    /// Says the same to every run in memory that belongs to one of these leases.
    pub(crate) fn tell_all(&self, message: impl Fn() -> Message) {
        for resident in self.residents().values() {
            let _ = resident.mail.send(self.letter(message()));
        }
    }

    /// The lease under which this engine may write a run's journal now.
    pub(crate) fn lease(&self, number: Option<i64>) -> Option<Lease> {
        self.leases.held(number?)
    }
}

/// Both ends of a driver's mail.
pub(crate) struct Mail {
    pub(crate) sender: mpsc::UnboundedSender<Letter>,
    pub(crate) letters: mpsc::UnboundedReceiver<Letter>,
}
