//! Putting an engine together.

mod check;
mod database;
#[cfg(feature = "testing")]
mod stubs;

use self::database::{Database, open};
use super::clock::Clock;
use super::committer::Committer;
use super::core::{Core, Options};
use super::error::EngineError;
use super::lease::Leases;
use super::lease_watch;
use super::load;
use super::parked;
use super::timers::Timers;
use super::waking;
use super::workflows::Workflows;
use super::{Engine, recovery, shutdown, threads};
use crate::field_store::FieldStore;
use crate::journal::AnyWorkflow;
use crate::panics::Held;
use crate::policy::Policy;
use crate::record::Limits;
use crate::resources::{ResourceFactory, ResourceKey, ResourceSet};
use crate::session::SessionPolicy;
use crate::store::{Durability, Store};
use crate::workflow::{Startable, Typed, WorkflowDef};
use futures_util::future::BoxFuture;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::runtime::Handle;

/// An engine that is being put together; see [`Engine::builder`].
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow) -> Result<()> { Ok(()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("app.db");
/// let engine = Engine::builder()
///     .sqlite(file)
///     .workflow(hello)
///     .lease_term(Duration::from_secs(30)) // how long the runs of a silent process stay its own
///     .start()
///     .await?;
/// engine.shutdown(Duration::from_secs(10)).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "an engine runs after `.start().await`"]
pub struct EngineBuilder {
    database: Database,
    durability: Durability,
    workflows: Workflows,
    twice: Vec<String>,
    resources: ResourceSet,
    /// What the workflows say that their steps take.
    declared: Vec<(&'static str, &'static [ResourceKey])>,
    options: Options,
    clock: Clock,
}

/// How often and how soon what the engine needs from outside is tried again, unless chosen otherwise.
const AGAIN: Policy = Policy { attempts: 5, backoff: Duration::from_millis(200), ..Policy::ONCE };

/// How long one try of a restore hook or a factory may take, unless chosen otherwise.
const RESTORE_TIMEOUT: Duration = Duration::from_mins(1);

impl EngineBuilder {
    pub(super) fn new() -> Self {
        Self {
            database: Database::None,
            durability: Durability::Full,
            workflows: Workflows::default(),
            twice: Vec::new(),
            resources: ResourceSet::default(),
            declared: Vec::new(),
            options: Options {
                lease_term: Duration::from_secs(5),
                max_loads: 5,
                evict_after: Duration::from_secs(1),
                grace: Duration::from_secs(5),
                limits: Limits::default(),
                restore: Policy { timeout: Some(RESTORE_TIMEOUT), ..AGAIN },
                field_stores: AGAIN,
                field_store_timeout: Duration::from_mins(1),
                stores: Arc::default(),
                cipher: None,
                session_policy: SessionPolicy::default(),
                #[cfg(feature = "testing")]
                stubs: crate::journal::Stubs::default(),
            },
            clock: Clock::system(),
        }
    }

    /// Keeps everything in this SQLite file, which is created if it is missing. Its folder must be writable and on a
    /// local disk.
    pub fn sqlite(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Database::Sqlite(path.into());
        self
    }

    /// Keeps everything in memory: for tests, and where a crash may cost everything.
    pub fn in_memory(mut self) -> Self {
        self.database = Database::Memory;
        self
    }

    /// Keeps everything in this store.
    pub fn store(mut self, store: impl Store) -> Self {
        self.database = Database::Store(Arc::new(store));
        self
    }

    /// What a power cut may cost, for [`sqlite`](Self::sqlite); [`Durability::Full`] (nothing) unless chosen otherwise.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Registers a workflow: runs of it can be started, and those in the database go on. Several versions of one name may be
    /// registered, each a function of its own: a run goes on with the version that it was started with.
    pub fn workflow<F, M>(mut self, workflow: F) -> Self
    where
        F: Startable<M>,
    {
        drop(workflow);
        self.register(
            (F::Workflow::NAME, F::Workflow::VERSION),
            Arc::new(Typed::<F::Workflow>(PhantomData)),
            F::Workflow::resources(),
        );
        self
    }

    fn register(
        &mut self,
        (name, version): (&'static str, u32),
        workflow: Arc<dyn AnyWorkflow>,
        resources: &'static [ResourceKey],
    ) {
        if !self.workflows.insert(name, version, workflow) {
            self.twice.push(format!(
                "two workflows are named `{name}` and have version {version}: give one of them another name with \
                 `#[workflow(name = \"..\")]`, or another version with `#[workflow(version = {})]`",
                version.saturating_add(1)
            ));
        }
        self.declared.push((name, resources));
    }

    /// Provides this to the steps of all runs that take `#[resource] db: &Db`, and for restore hooks. One for each
    /// type.
    pub fn resource<R: Send + Sync + 'static>(mut self, value: R) -> Self {
        self.resources.value(value);
        self
    }

    /// Provides what this async function makes to the steps of all runs that take it and for restore hooks. One for
    /// each type.
    ///
    /// The function may take up to six other resources, each as an `Arc`. It runs when the first step needs what it
    /// makes, once for the whole engine, never while a workflow is replayed; one that fails or panics is tried again, see
    /// [`restore_retry`](Self::restore_retry).
    ///
    /// ```
    /// use steadfast::prelude::*;
    /// use std::sync::Arc;
    ///
    /// struct Config { url: String }
    /// struct Db { url: String }
    ///
    /// async fn connect(config: Arc<Config>) -> Result<Db> {
    ///     Ok(Db { url: config.url.clone() })
    /// }
    ///
    /// #[step]
    /// async fn look(#[resource] db: &Db) -> Result<String> {
    ///     Ok(db.url.clone())
    /// }
    ///
    /// #[workflow(resources(Db))]
    /// async fn looking(flow: &mut Flow) -> Result<String> {
    ///     Ok(look(flow).await?)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let builder = Engine::builder().in_memory().workflow(looking);
    /// let engine = builder.resource(Config { url: "db:7".into() }).resource_with(connect).start().await?;
    /// assert_eq!(engine.start(looking, ()).await?.result().await?, "db:7");
    /// # Ok(())
    /// # }
    /// ```
    pub fn resource_with<F: ResourceFactory<Needs>, Needs>(mut self, factory: F) -> Self {
        self.resources.factory(factory);
        self
    }

    /// How often restore hooks and the factories of resources are tried before the run that needs them is parked, 5 times
    /// unless chosen otherwise and at least once; and the wait before the second try, 200 ms unless chosen otherwise. It
    /// is doubled from try to try, and at most 60 s.
    pub fn restore_retry(mut self, attempts: u32, backoff: Duration) -> Self {
        self.options.restore.attempts = attempts.max(1);
        self.options.restore.backoff = backoff;
        self
    }

    /// How long one try of what a step needs may take, for restore hooks and for each factory of a resource; a minute unless
    /// chosen otherwise. One that takes longer is dropped at its `await`, and counts as failed. While it lasts
    /// [`RunInfo::blocked`](crate::RunInfo::blocked) says what is waited for.
    pub fn restore_timeout(mut self, timeout: Duration) -> Self {
        self.options.restore.timeout = Some(timeout);
        self
    }

    /// What becomes of the live values in the [`Session`](crate::Session) of a run that waits for longer than
    /// [`evict_after`](Self::evict_after); [`SessionPolicy::Keep`] unless chosen otherwise. Values never outlast the
    /// process: a shutdown drops them.
    pub fn session_policy(mut self, policy: SessionPolicy) -> Self {
        self.options.session_policy = policy;
        self
    }

    /// Where the fields go that are routed to this name: `#[context(store = "blobs")]`.
    pub fn field_store(mut self, name: impl Into<String>, store: impl FieldStore) -> Self {
        let name = name.into();
        let stores = Arc::make_mut(&mut self.options.stores);
        if stores.insert(name.clone(), Arc::new(Held::new(store))).is_some() {
            self.twice.push(format!("two field stores are named `{name}`: give one of them another name"));
        }
        self
    }

    /// How often a field store is tried before a change is refused or a run is parked, at least once, and the pause before
    /// the second try, which doubles each time up to a minute; 5 times and 200 ms unless chosen otherwise.
    pub fn field_store_retry(mut self, attempts: u32, backoff: Duration) -> Self {
        self.options.field_stores = Policy { attempts: attempts.max(1), backoff, ..AGAIN };
        self
    }

    /// How long a field store may take for one save or one load before that counts as failed, a minute unless chosen
    /// otherwise: longer than the largest value takes.
    pub fn field_store_timeout(mut self, timeout: Duration) -> Self {
        self.options.field_store_timeout = timeout;
        self
    }

    /// The keys for values of type [`Secret`](crate::Secret).
    ///
    /// An engine without keys does not start if a field of a context, or an input, a result or an error of a workflow is a
    /// secret or names one in its own type, such as `Vec<Secret<String>>`. A secret inside a struct of yours, or in the
    /// arguments and results of steps, is not seen before it is met: the run is then parked until there is a key.
    #[cfg(feature = "encryption")]
    pub fn keys(mut self, keys: impl crate::vault::keys::KeyProvider) -> Self {
        self.options.cipher = Some(crate::vault::keys::cipher(Arc::new(keys)));
        self
    }

    /// What the fields of one context may take in the database, in bytes: above `large` a warning names the largest ones,
    /// once each time the run is loaded; above `most` a change is refused. 64 KiB and 1 MiB unless chosen otherwise. Fields that are routed to a store
    /// do not count.
    pub fn context_budget(mut self, large: usize, most: usize) -> Self {
        self.options.limits.large_context = large;
        self.options.limits.context = most;
        self
    }

    /// How long an engine may be silent before others take over its runs, 5 s unless chosen otherwise between
    /// 100 ms and a year. An engine whose process has ended is taken over at once, whatever the term.
    pub fn lease_term(mut self, term: Duration) -> Self {
        self.options.lease_term = term.clamp(Duration::from_millis(100), Duration::from_hours(24 * 365));
        self
    }

    /// How many processes may die with a run at work, without progress of the run, before it is a suspect; 5 unless chosen
    /// otherwise and at least 1. A shutdown, a dropped engine and a takeover from a process that stands still do not count.
    ///
    /// Suspects are loaded apart from the others: after a start they are held back for twice as long as the last process took
    /// to die (1 s to 5 min), then loaded in groups, the most suspect ones by halves, each watched for as long. A process
    /// that dies while they are held back clears them. A run is parked ([`ParkCause::TooManyLoads`](crate::ParkCause::TooManyLoads),
    /// [`Engine::dead`]) only if the process dies four times in a row while its code is being polled, the last ones while it
    /// is the only run on probation; so a kill from outside, which mostly finds code that waits, parks nothing. To find one of n
    /// suspects takes at most this number + log2(n) + 4 deaths. A run that ends the process from a thread of its own is never
    /// parked: it is loaded later and later, up to 5 min after a start, and [`RunInfo::blocked`](crate::RunInfo::blocked) says so.
    ///
    /// What is known of a process that died is in its side file beside the database. A [`Store`] without
    /// [`lock_stem`](Store::lock_stem) has none: suspects are held back and loaded in groups, but none is ever parked.
    pub fn max_loads(mut self, deaths: u32) -> Self {
        self.options.max_loads = deaths.max(1);
        self
    }

    /// The shortest wait for which a run leaves memory, 1 s unless chosen otherwise. A run with a long history stays for
    /// longer waits too, because coming back costs a replay.
    pub fn evict_after(mut self, wait: Duration) -> Self {
        self.options.evict_after = wait;
        self
    }

    /// How long the body of a step may go on after it was told to stop, 5 s unless chosen otherwise.
    pub fn cancellation_grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// The largest value that is recorded, in bytes; 256 MiB unless chosen otherwise. It holds for inputs, arguments, results,
    /// typed errors, messages, questions and answers, events, published values, items of streams, and what an edit gives. What is
    /// larger is refused where it is given; where nobody could hear of that, as of a published value, the run is parked.
    ///
    /// What only people read (texts of errors and panics, the reason of a cancellation) is truncated after 16 KiB, with a note.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.options.limits.value = bytes;
        self
    }

    /// Opens the database, takes over the runs of engines that have stopped, and goes on with what is due.
    ///
    /// Must be called within a tokio runtime, on which everything then runs.
    ///
    /// # Errors
    /// The database cannot be opened or is not ours, or the configuration makes no sense: among others a resource that is
    /// registered twice, is declared by a workflow or needed by a factory and not registered, or needs itself in a circle.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(self) -> Result<Engine, EngineError> {
        // Boxed here, and so compiled in this crate: a future without a box is compiled where it is awaited.
        self.started().await
    }

    fn started(self) -> BoxFuture<'static, Result<Engine, EngineError>> {
        Box::pin(self.begin())
    }

    async fn begin(self) -> Result<Engine, EngineError> {
        self.sensible()?;
        let store = open(self.database, self.durability).await?;
        let (term, acquiring) = (self.options.lease_term, store.clone());
        let acquire = threads::blocking(&Handle::current(), move || {
            let owner = uuid::Uuid::new_v4().simple().to_string();
            let leases = Leases::new(owner, term, acquiring.lock_stem().as_deref())?;
            let inherited = leases.acquire(&*acquiring)?;
            Ok::<_, EngineError>((Arc::new(leases), inherited))
        })?;
        let (leases, inherited) = acquire.await.map_err(|_| EngineError::ShuttingDown)??;
        let clock = Arc::new(self.clock);
        let core_of_timers: Arc<OnceLock<Weak<Core>>> = Arc::default();
        let timers = {
            let core = core_of_timers.clone();
            Timers::start(clock.clone(), move |sleeper| {
                if let Some(core) = core.get().and_then(Weak::upgrade) {
                    waking::wake(&core, sleeper);
                }
            })?
        };
        let committer = Committer::start(store.clone(), leases.clone())?;
        let resources = self.resources.open();
        let core =
            Core::new(store, committer, self.workflows, self.options, clock, timers, leases, resources, load::WORK);
        let core = Arc::new(core);
        // The timers have nothing to do before this.
        let _ = core_of_timers.set(Arc::downgrade(&core));
        for (lease, remains) in inherited {
            core.suspects.inherit(lease, remains);
        }
        if let Err(error) = lease_watch::watch(&core) {
            shutdown::stop(&core);
            return Err(error);
        }
        let busy = core.busy();
        let recovering = core.clone();
        core.runtime.spawn(async move {
            let leases = recovering.leases.all();
            for lease in &leases {
                recovery::take_up(recovering.clone(), lease.number).await;
            }
            parked::try_parked(recovering.clone()).await;
            for lease in leases {
                recovering.suspects.settle(lease.number);
            }
            drop(busy);
        });
        Ok(Engine { _stop: Arc::new(shutdown::StopOnDrop(Arc::downgrade(&core))), core })
    }
}
