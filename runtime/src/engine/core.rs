//! What all parts of an engine share.

mod waiting;

use super::admission::Places;
use super::clock::Clock;
use super::committer::Committer;
use super::error::EngineError;
use super::lease::Leases;
use super::news::News;
use super::outside::Outside;
use super::recovery::Trials;
use super::replacing::Successor;
use super::sessions::{Sessions, Why};
use super::setting::Setting;
use super::shutdown::Told;
use super::suspects::Suspects;
use super::threads;
use super::timers::{Busy, Sleeper, Timers};
use super::workflows::Workflows;
use crate::context::ContextError;
use crate::journal::{AttemptOutcome, RunIdentity};
use crate::machine::{Limits, ParkReason, StepWrite};
use crate::policy::Policy;
use crate::resources::Resources;
use crate::run_env::{Boards, FieldStores, Fields, RunEnv, StateNews};
use crate::secret::vault::{Cipher, Vault};
use crate::session::SessionPolicy;
use crate::state;
use crate::store::user_code;
use crate::store::{ImportedRun, InboxRow, Lease, Rejected, RunRow, Status, Store, StoreError};
use crate::value::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

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
    pub(crate) stubs: crate::testing::Stubs,
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
    pub(crate) placing: Arc<tokio::sync::RwLock<()>>,
    /// Who waits for what runs show to outsiders.
    pub(crate) news: News,
    /// How far the steps of runs in memory are, as they say.
    pub(crate) boards: Boards,
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
    residents: Mutex<Residents>,
}

/// The runs in memory, and who waits for the end of which run.
#[derive(Default)]
pub(crate) struct Residents {
    mail: HashMap<i64, mpsc::UnboundedSender<Letter>>,
    waiters: HashMap<i64, Vec<oneshot::Sender<Outcome>>>,
    sessions: Sessions,
    /// What keeps runs in memory from going on at the moment.
    troubles: HashMap<i64, (String, i64)>,
    /// The time of day was set, and not all runs know.
    setting: Option<Setting>,
}

impl Residents {
    /// A run is no longer in memory.
    fn off(&mut self, run: i64) {
        self.mail.remove(&run);
        self.troubles.remove(&run);
        if let Some(setting) = &mut self.setting {
            setting.knows(run);
        }
    }
}

/// How many bodies may block a thread at once: half of what tokio has, unless told otherwise.
const BLOCKING: usize = 256;

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
    /// What an attempt needs has been made, or cannot be.
    Prepared { position: u64, outcome: Result<(), ParkReason> },
    /// Fields are saved in their stores, or one of them cannot be.
    Saved(Result<Vec<Value>, ContextError>),
    /// An attempt of a step has ended.
    AttemptEnded { position: u64, attempt: u32, outcome: AttemptOutcome },
    /// The oldest append that was under way is durable; what the database said to each thing that it wrote elsewhere.
    Durable(Vec<Result<i64, Rejected>>),
    /// The same, and its transaction has run.
    Transacted(Vec<Result<i64, Rejected>>, AttemptOutcome),
    /// A run that was to be started was there already: whether it is the same.
    Attached { position: u64, id: String, outcome: Result<(), String> },
    /// The run that this one goes on as, or why it cannot be made.
    Successor(Result<Successor, ParkReason>),
    /// A step has written something for outsiders; the sender is told when it is taken.
    Wrote(StepWrite, oneshot::Sender<()>),
    /// A step has done something with the shared state.
    State(StateNews),
    /// An append was not written, or nobody knows.
    Unwritten(StoreError),
    /// The run is no longer ours.
    Fenced,
    /// A lease was lost: leave if it was this run's.
    Recheck(i64),
    /// Something is due.
    Due,
    /// Something came from outside: look.
    Look,
    /// What was found in the inbox, if it could be read.
    Inbox(Option<Vec<InboxRow>>),
    /// The workflow was woken by something foreign.
    Foreign,
    /// The engine shuts down: finish what is in flight and leave.
    Drain,
    /// The time to finish is over: tell the bodies to stop, and report them.
    Stop(mpsc::UnboundedSender<Told>),
    /// The run is moved into a file: end it here.
    Move,
    /// Leave at once.
    Halt,
}

impl Core {
    #[allow(clippy::too_many_arguments, reason = "called once, by the builder, with a name for each")]
    pub(crate) fn new(
        store: Arc<dyn Store>,
        committer: Committer,
        workflows: Workflows,
        options: Options,
        clock: Arc<Clock>,
        timers: Arc<Timers>,
        leases: Arc<Leases>,
        resources: Resources,
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
            placing: Arc::default(),
            news: News::default(),
            boards: Boards::default(),
            moved: Notify::new(),
            draining: AtomicBool::new(false),
            set: AtomicBool::new(false),
            behind: AtomicBool::new(false),
            stopping: Notify::new(),
            blocking: Arc::new(Semaphore::new(BLOCKING)),
            residents: Mutex::default(),
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

    pub(crate) fn letter(&self, message: Message) -> Letter {
        Letter { message, _busy: self.busy() }
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

    fn residents(&self) -> MutexGuard<'_, Residents> {
        self.residents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no run is in memory.
    pub(crate) fn is_empty(&self) -> bool {
        self.residents().mail.is_empty()
    }

    /// Whether a run is in memory.
    pub(crate) fn is_active(&self, run: i64) -> bool {
        self.residents().mail.contains_key(&run)
    }

    /// What a run that is being loaded has at hand.
    pub(crate) fn env(&self, row: &RunRow) -> Arc<RunEnv> {
        let session = self.residents().sessions.of(row.number, &row.id);
        let env = RunEnv::new(self.fields(row), self.resources.clone(), session);
        self.boards.enter(row.number, &env.board);
        env
    }

    /// How the fields of a run are written and read.
    pub(crate) fn fields(&self, row: &RunRow) -> Arc<Fields> {
        let id = row.id_at_work().to_owned();
        self.fields_as(RunIdentity { id, workflow: row.workflow.clone(), incarnation: row.incarnation })
    }

    /// The same for a run that is about to be written.
    pub(crate) fn fields_of(&self, run: &ImportedRun) -> Arc<Fields> {
        self.fields_as(RunIdentity { id: run.id.clone(), workflow: run.workflow.clone(), incarnation: run.incarnation })
    }

    /// What seals the secrets of a run of this database.
    pub(crate) fn vault(&self, incarnation: [u8; 16]) -> Arc<Vault> {
        Vault::new(self.options.cipher.clone(), self.store.database_id(), incarnation)
    }

    pub(crate) fn fields_as(&self, run: RunIdentity) -> Arc<Fields> {
        let Options { stores, cipher, limits, .. } = &self.options;
        Fields::new(self.store.database_id(), Arc::new(run), stores.clone(), cipher.clone(), limits.value)
    }

    /// Makes room for a run in memory; `None` if it is there already.
    pub(crate) fn enter(&self, run: i64) -> Option<Mail> {
        let (sender, letters) = mpsc::unbounded_channel();
        let mut residents = self.residents();
        if residents.mail.contains_key(&run) {
            return None;
        }
        residents.mail.insert(run, sender.clone());
        let offset = self.clock.offset();
        let offset = residents.setting.as_ref().map_or(offset, |setting| setting.offset_of(run, offset));
        Some(Mail { sender, letters, offset })
    }

    /// Another box for the mail of a run in memory: what was said to its last driver is not for the next.
    pub(crate) fn renew(&self, run: i64) -> Mail {
        let (sender, letters) = mpsc::unbounded_channel();
        self.residents().mail.insert(run, sender.clone());
        Mail { sender, letters, offset: self.clock.offset() }
    }

    /// A run leaves memory; who waits for its end is told to look.
    pub(crate) fn leave(&self, run: i64, outcome: &Outcome) {
        // While the run is still here: a shutdown waits for that.
        self.drop_session(run, outcome);
        let waiters = {
            let mut residents = self.residents();
            self.timers.set(Sleeper::Run(run), None);
            residents.off(run);
            residents.waiters.remove(&run)
        };
        for waiter in waiters.into_iter().flatten() {
            // Who no longer waits need not know.
            let _ = waiter.send(outcome.clone());
        }
        self.moved.notify_waiters();
    }

    /// A run leaves memory to come back later, unless something has been said to it meanwhile.
    pub(crate) fn leave_if_quiet(&self, run: i64, mail: &Mail) -> bool {
        if self.is_draining() {
            self.drop_session(run, &Outcome::Left);
        }
        // Whoever says something to a run holds this lock.
        let mut residents = self.residents();
        if !mail.letters.is_empty() {
            return false;
        }
        self.timers.set(Sleeper::Run(run), None);
        residents.off(run);
        let session = residents.sessions.take(run);
        drop(residents);
        session.drop_values(Why::Away);
        self.moved.notify_waiters();
        true
    }

    /// Drops the live values of a run that leaves.
    fn drop_session(&self, run: i64, outcome: &Outcome) {
        let session = self.residents().sessions.take(run);
        session.drop_values(match outcome {
            Outcome::Ended(..) => Why::Ended,
            Outcome::Left if self.is_draining() => Why::Stopping,
            Outcome::Left => Why::Away,
        });
    }

    /// The time of day was set: runs in memory record it, and those that come into memory from now on go through `setting`.
    pub(super) fn begin_setting(&self, by: i64) {
        let mut residents = self.residents();
        residents.setting = Some(Setting::new(self.clock.offset()));
        self.clock.set(by);
        for mail in residents.mail.values() {
            // It may just be leaving.
            let _ = mail.send(self.letter(Message::Due));
        }
    }

    /// Takes the place of a run that does not know yet that the time of day was set; `None` if it does, or will.
    pub(super) fn enter_setting(&self, run: i64) -> Option<Mail> {
        let mut residents = self.residents();
        let knows = residents.setting.as_mut().is_none_or(|setting| setting.reach(run));
        drop(residents);
        if knows { None } else { self.enter(run) }
    }

    /// All runs know.
    pub(super) fn end_setting(&self) {
        self.residents().setting = None;
    }

    /// Says something to a run; `false` if it is not in memory.
    pub(crate) fn tell(&self, run: i64, message: Message) -> bool {
        let residents = self.residents();
        residents.mail.get(&run).is_some_and(|mail| mail.send(self.letter(message)).is_ok())
    }

    /// Runs that are not in memory are looked at when one of them may be due: at a moment, or after a duration.
    pub(crate) fn wake_evicted(&self, due: i64) {
        let reading = self.clock.read();
        let elapsed = reading.elapsed_at(due).min(due.saturating_sub(reading.offset));
        self.timers.no_later_than(Sleeper::Evicted, elapsed);
    }

    /// Says the same to every run in memory.
    pub(crate) fn tell_all(&self, message: impl Fn() -> Message) {
        for mail in self.residents().mail.values() {
            // It may just be leaving.
            let _ = mail.send(self.letter(message()));
        }
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

/// Both ends of a driver's mail.
pub(crate) struct Mail {
    pub(crate) sender: mpsc::UnboundedSender<Letter>,
    pub(crate) letters: mpsc::UnboundedReceiver<Letter>,
    /// What the clock adds to durations of the run to record them, until its driver notices otherwise.
    pub(crate) offset: i64,
}
