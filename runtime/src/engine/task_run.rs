//! The runs whose remote steps an engine runs: their identities and contexts, loaded once.

use super::looking::Looking;
use crate::context::SharedContext;
use crate::record::{RunScope, StepWrite};
use crate::run_env::RunEnv;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// The most runs that are kept.
const KEPT: usize = 64;
/// The most versions of the context of one run that are kept.
const VERSIONS: usize = 8;

/// Takes the writes of steps, in order; the receiver of each resolves when it is durable. Without a write, it resolves
/// when all earlier ones are.
pub(super) type Outbox = mpsc::UnboundedSender<(Option<StepWrite>, oneshot::Sender<()>)>;

/// What an engine knows of a run whose steps it runs.
pub(super) struct TaskRun {
    pub(super) env: Arc<RunEnv>,
    pub(super) scope: Arc<RunScope>,
    outbox: Outbox,
    /// The look into the run's inbox, where outcomes arrive.
    pub(super) looking: Looking,
    /// Its context, by the entry that wrote it and the name of its type.
    contexts: Mutex<BTreeMap<(u64, &'static str), SharedContext>>,
}

impl TaskRun {
    pub(super) fn new(env: Arc<RunEnv>, scope: RunScope, outbox: Outbox) -> Self {
        Self { env, scope: Arc::new(scope), outbox, looking: Looking::default(), contexts: Mutex::default() }
    }

    /// Waits until all that its steps have written so far is durable.
    pub(super) async fn written(&self) {
        let (sent, written) = oneshot::channel();
        if self.outbox.send((None, sent)).is_ok() {
            // It ends with the engine.
            let _ = written.await;
        }
    }

    pub(super) fn context(&self, seq: u64, name: &'static str) -> Option<SharedContext> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner).get(&(seq, name)).cloned()
    }

    pub(super) fn keep(&self, seq: u64, context: SharedContext) {
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.insert((seq, context.name()), context);
        let old = (contexts.len() > VERSIONS).then(|| contexts.pop_first());
        // Dropped after the lock is released, since that runs user code.
        drop(contexts);
        drop(old);
    }
}

/// A run that is known.
struct Known {
    number: i64,
    run: Arc<TaskRun>,
    /// When an attempt of it began or ended here last.
    used: Instant,
}

/// The runs that are known, the one that was used last at the end.
#[derive(Default)]
pub(super) struct Runs(Mutex<VecDeque<Known>>);

impl Runs {
    /// Returns a run, and notes that it is used now.
    pub(super) fn get(&self, number: i64) -> Option<Arc<TaskRun>> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = runs.iter().position(|known| known.number == number)?;
        let found = runs.remove(place)?;
        let run = found.run.clone();
        runs.push_back(Known { used: Instant::now(), ..found });
        Some(run)
    }

    /// Keeps a run, or returns the one that was kept meanwhile.
    pub(super) fn keep(&self, number: i64, run: TaskRun) -> Arc<TaskRun> {
        let run = Arc::new(run);
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = runs.iter().find(|known| known.number == number) {
            return known.run.clone();
        }
        runs.push_back(Known { number, run: run.clone(), used: Instant::now() });
        let old = (runs.len() > KEPT).then(|| runs.pop_front());
        drop(runs);
        // Live values and contexts are dropped with it, which runs user code.
        drop(old);
        run
    }

    /// Forgets the runs that are not `at_work` and were not used for this time: a run that has ended is one of them.
    pub(super) fn forget_idle(&self, at_work: &BTreeSet<i64>, idle: Duration) {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, old): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut *runs)
            .into_iter()
            .partition(|known| at_work.contains(&known.number) || known.used.elapsed() < idle);
        *runs = kept;
        // Dropped after the lock is released, since that runs user code.
        drop(runs);
        drop(old);
    }

    /// Forgets all runs, with their live values.
    pub(super) fn clear(&self) {
        let runs = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        drop(runs);
    }
}
