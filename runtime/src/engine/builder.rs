//! Configures and starts an engine.

mod check;
mod database;
#[cfg(feature = "otel")]
mod exporting;
#[cfg(feature = "sqlite")]
mod exports;
mod liveness;
mod retaining;
mod role;
#[cfg(feature = "schedules")]
mod schedules;
mod serving;
#[cfg(feature = "testing")]
mod stubs;

use self::database::Database;
use super::clock::Clock;
use super::committer::Committer;
use super::core::{Core, Options};
use super::error::EngineError;
use super::lease::{Leases, Takes};
use super::queues::Queues;
use super::rules::Rules;
use super::side_files::SideFiles;
use super::timers::Timers;
use super::workflows::Workflows;
use super::{
    Engine, fleet, gauges, lease_watch, parked, recovery, retention, shutdown, spans, tasks, threads, traces, waking,
};
use crate::field_store::FieldStore;
use crate::panics::Held;
use crate::policy::Policy;
use crate::record::Limits;
use crate::resources::{ResourceFactory, ResourceKey, ResourceSet};
use crate::session::SessionPolicy;
use crate::workflow::{Startable, Typed, WorkflowDef, WorkflowTable};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::runtime::Handle;

/// A builder of an engine; see [`Engine::builder`].
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
    workflows: Workflows,
    faults: Vec<String>,
    resources: ResourceSet,
    /// The resources that the steps of each workflow, and each remote step, take: with the words of an error for which
    /// of them it is.
    declared: Vec<(String, &'static [ResourceKey])>,
    options: Options,
    /// As it was chosen.
    lease_term: Option<Duration>,
    clock: Clock,
    #[cfg(feature = "schedules")]
    schedules: schedules::Schedules,
}

/// The default retry policy for what the engine needs from outside.
const AGAIN: Policy = Policy { attempts: 5, backoff: Duration::from_millis(200), ..Policy::ONCE };

/// The default term of leases, and that of a database which engines on several machines share.
const TERM: Duration = Duration::from_secs(5);
const FLEET_TERM: Duration = Duration::from_secs(10);

/// The default time limit for one try of a restore hook or a factory.
const RESTORE_TIMEOUT: Duration = Duration::from_mins(1);

impl EngineBuilder {
    pub(super) fn new() -> Self {
        Self {
            database: Database::none(),
            workflows: Workflows::default(),
            faults: Vec::new(),
            resources: ResourceSet::default(),
            declared: Vec::new(),
            options: Options {
                lease_term: TERM,
                max_loads: 5,
                evict_after: Duration::from_secs(1),
                is_client: false,
                max_claimed: 1_000,
                queues: Queues::default(),
                declared: Arc::default(),
                grace: Duration::from_secs(5),
                limits: Limits::default(),
                restore: Policy { timeout: Some(RESTORE_TIMEOUT), ..AGAIN },
                field_stores: AGAIN,
                field_store_timeout: Duration::from_mins(1),
                stores: Arc::default(),
                cipher: None,
                session_policy: SessionPolicy::default(),
                traces: spans::TraceExporter::default(),
                retention: Rules::default(),
                #[cfg(feature = "testing")]
                stubs: crate::journal::Stubs::default(),
            },
            lease_term: None,
            clock: Clock::system(),
            #[cfg(feature = "schedules")]
            schedules: schedules::Schedules::default(),
        }
    }

    /// Registers a workflow: its runs can be started, and those in the database resume. Several versions of one name
    /// may be registered, each a function of its own: a run stays with the version that it was started with.
    pub fn workflow<F, M>(mut self, workflow: F) -> Self
    where
        F: Startable<M>,
    {
        drop(workflow);
        let (name, resources) = ((F::Workflow::NAME, F::Workflow::VERSION), F::Workflow::RESOURCES);
        self.register(name, Typed::<F::Workflow>::TABLE, resources);
        self
    }

    fn register(
        &mut self,
        (name, version): (&'static str, u32),
        workflow: &'static WorkflowTable,
        resources: &'static [ResourceKey],
    ) {
        if !self.workflows.insert(name, version, workflow.shared()) {
            self.faults.push(format!(
                "two workflows are named `{name}` and have version {version}: give one of them another name with \
                 `#[workflow(name = \"..\")]`, or another version with `#[workflow(version = {})]`",
                version.saturating_add(1)
            ));
        }
        self.declared.push((format!("the steps of workflow `{name}` take"), resources));
    }

    /// Provides this value to restore hooks and to the steps of all runs that take `#[resource] db: &Db`. One for each
    /// type.
    pub fn resource<R: Send + Sync + 'static>(mut self, value: R) -> Self {
        self.resources.value(value);
        self
    }

    /// Provides what this async function returns to restore hooks and to the steps of all runs that take it. One for
    /// each type.
    ///
    /// The function may take up to six other resources, each as an `Arc`. It runs when the first step needs its result,
    /// once for the whole engine, never during a replay. If it fails or panics it is retried, see
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

    /// Sets how often restore hooks and resource factories are tried before the run that needs them is parked (at least
    /// once), and the backoff before the second try, doubled up to 60 s; 5 times and 200 ms unless chosen otherwise.
    pub fn restore_retry(mut self, attempts: u32, backoff: Duration) -> Self {
        self.options.restore.attempts = attempts.max(1);
        self.options.restore.backoff = backoff;
        self
    }

    /// Sets the time limit for one try of a restore hook or of a resource factory; a minute unless chosen otherwise.
    /// One that takes longer is dropped at its `await` and counts as failed. Meanwhile
    /// [`RunInfo::blocked`](crate::RunInfo::blocked) names it.
    pub fn restore_timeout(mut self, timeout: Duration) -> Self {
        self.options.restore.timeout = Some(timeout);
        self
    }

    /// Sets whether the live values in the [`Session`](crate::Session) of a run are kept when it waits for longer than
    /// [`evict_after`](Self::evict_after); [`SessionPolicy::Keep`] unless chosen otherwise. Values never outlast the
    /// process: a shutdown drops them.
    pub fn session_policy(mut self, policy: SessionPolicy) -> Self {
        self.options.session_policy = policy;
        self
    }

    /// Registers the store for fields that are routed to this name: `#[context(store = "blobs")]`.
    pub fn field_store(mut self, name: impl Into<String>, store: impl FieldStore) -> Self {
        let name = name.into();
        let stores = Arc::make_mut(&mut self.options.stores);
        if stores.insert(name.clone(), Arc::new(Held::new(store))).is_some() {
            self.faults.push(format!("two field stores are named `{name}`: give one of them another name"));
        }
        self
    }

    /// Sets how often a field store is tried before a change is refused or a run is parked (at least once), and
    /// the backoff before the second try, which doubles up to a minute; 5 times and 200 ms unless chosen otherwise.
    pub fn field_store_retry(mut self, attempts: u32, backoff: Duration) -> Self {
        self.options.field_stores = Policy { attempts: attempts.max(1), backoff, ..AGAIN };
        self
    }

    /// Sets how long a field store may take for one save or load before it counts as failed; a minute unless chosen
    /// otherwise. Choose more than the largest value takes.
    pub fn field_store_timeout(mut self, timeout: Duration) -> Self {
        self.options.field_store_timeout = timeout;
        self
    }

    /// Sets the keys for values of type [`Secret`](crate::Secret).
    ///
    /// An engine without keys does not start if a context field, or an input, a result or an error of a workflow is a
    /// secret or names one in its own type, such as `Vec<Secret<String>>`. A secret inside a struct of yours, or in the
    /// arguments and results of steps, is detected only when it is encoded: the run is then parked until there is a
    /// key.
    #[cfg(feature = "encryption")]
    pub fn keys(mut self, keys: impl crate::vault::keys::KeyProvider) -> Self {
        self.options.cipher = Some(crate::vault::keys::cipher(Arc::new(keys)));
        self
    }

    /// Sets how many bytes the fields of one context may take in the database; 64 KiB and 1 MiB unless chosen
    /// otherwise. Above `large` a warning names the largest fields, once each time the run is loaded; above `most` a
    /// change is refused. Fields that are routed to a store do not count.
    pub fn context_budget(mut self, large: usize, most: usize) -> Self {
        self.options.limits.large_context = large;
        self.options.limits.context = most;
        self
    }

    /// Sets the shortest wait for which a run is evicted; 1 s unless chosen otherwise. A run with a long history stays
    /// active for longer waits too, because activating it costs a replay.
    pub fn evict_after(mut self, wait: Duration) -> Self {
        self.options.evict_after = wait;
        self
    }

    /// Sets how long the body of a step may run on after its cancellation; 5 s unless chosen otherwise.
    pub fn cancellation_grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// Sets the largest value that is recorded, in bytes; 256 MiB unless chosen otherwise. It applies to inputs,
    /// arguments, results, typed errors, messages, requests and answers, events, published values, stream items, and
    /// results of edits. A larger value is refused where it is passed; where no caller could receive the error, as for
    /// a published value, the run is parked.
    ///
    /// Texts for people only (errors, panics, the reason of a cancellation) are truncated at 16 KiB, with a note.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.options.limits.value = bytes;
        self
    }

    /// Opens the database, takes over the leases of engines that have stopped, and resumes the runs that are due.
    ///
    /// Must be called within a tokio runtime, which then runs everything.
    ///
    /// # Errors
    /// The database cannot be opened or is not ours, or the configuration is invalid: among others a resource that is
    /// registered twice, that a workflow declares or a factory needs but that is not registered, or that needs itself
    /// in a circle.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(self) -> Result<Engine, EngineError> {
        // Boxed here, and so compiled in this crate: a future without a box is compiled where it is awaited.
        self.started().await
    }

    #[cfg(not(feature = "schedules"))]
    fn started(self) -> futures_util::future::BoxFuture<'static, Result<Engine, EngineError>> {
        Box::pin(self.begin())
    }

    async fn begin(self) -> Result<Engine, EngineError> {
        self.sensible()?;
        let (database, term) = (self.database, self.lease_term);
        let is_client = self.options.is_client;
        let about = fleet::about(&self.workflows, &self.options.queues, self.options.retention.is_there());
        let (takes, declared) = (Takes::by(&self.workflows, &self.options.queues), self.options.declared.clone());
        let open = threads::blocking(&Handle::current(), move || {
            let store = database.open()?;
            let owner = uuid::Uuid::new_v4().simple().to_string();
            let term = term.unwrap_or(if store.shares_work() { FLEET_TERM } else { TERM });
            let side_files = if is_client { None } else { SideFiles::of(&*store) };
            let leases = Leases::new(owner, about, term, side_files)?;
            let inherited = if is_client { Vec::new() } else { leases.acquire(&*store, takes(store.shares_work()))? };
            tasks::declare(&*store, &declared)?;
            Ok::<_, EngineError>((store, Arc::new(leases), inherited, term))
        })?;
        let (store, leases, inherited, term) = open.await.map_err(|_| EngineError::ShuttingDown)??;
        let options = Options { lease_term: term, ..self.options };
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
        let committer = Committer::start(store.clone(), leases.clone(), &Handle::current())?;
        let resources = self.resources.open();
        let core = Core::new(store, committer, self.workflows, options, clock, timers, leases, resources, waking::WORK);
        let core = Arc::new(core);
        // The timers do nothing before this.
        let _ = core_of_timers.set(Arc::downgrade(&core));
        for (lease, remains) in inherited {
            core.suspects.inherit(lease, remains);
        }
        if is_client {
            return Ok(Engine::new(core));
        }
        if let Err(error) = lease_watch::watch(&core) {
            shutdown::stop(&core);
            return Err(error);
        }
        for watch in [gauges::watch, retention::watch, traces::watch] {
            watch(&core);
        }
        recover(&core);
        Ok(Engine::new(core))
    }
}

/// Starts to take up the runs of the engine's leases, those due first and parked ones last.
fn recover(core: &Arc<Core>) {
    let (busy, recovering) = (core.busy(), core.clone());
    core.runtime.spawn(async move {
        let leases = recovering.leases.all();
        for lease in &leases {
            recovery::take_up(recovering.clone(), lease.number).await;
        }
        waking::look_for_all(&recovering);
        parked::try_parked(recovering.clone()).await;
        for lease in leases {
            recovering.suspects.settle(lease.number);
        }
        drop(busy);
    });
}
