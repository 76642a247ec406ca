//! Runs the attempts of a run's steps, each in a task of its own.

use super::core::{Core, DriverEvent, Envelope};
use super::driving::{self, Driving, Job};
use super::fields::save_one;
use super::limit::Limited;
use super::prepare::Preparation;
use super::running_step::{RunningStep, StoppedAttempt};
use super::suspects::{Watch, watched};
use super::{threads, trace};
use crate::context::SharedContext;
use crate::error::AttemptCause;
use crate::journal::StepBody;
use crate::panics::{caught, caught_future};
use crate::record::AttemptOutcome;
use crate::run_env::RunEnv;
use crate::scope::{Cancellation, StepScope};
use crate::step::{saved, to_save};
use crate::value::Value;
use futures_util::future::{Either, select};
use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tracing::Instrument;

/// The running attempts of one run, by command index.
pub(super) struct RunningAttempts {
    core: Arc<Core>,
    run: i64,
    mail: mpsc::UnboundedSender<Envelope>,
    env: Arc<RunEnv>,
    /// The future that handles the mail; none for a remote step, whose mail is read by its own task.
    driving: Weak<Driving>,
    running: BTreeMap<u64, Running>,
    /// Attempts whose inputs are being prepared.
    waiting: BTreeMap<u64, Waiting>,
    /// The watch of the run, if it is a suspect.
    watch: Option<Arc<Watch>>,
}

/// An attempt to be started.
pub(super) struct Attempt {
    pub(super) step: &'static str,
    pub(super) scope: Arc<StepScope>,
    pub(super) arguments: Value,
    pub(super) timeout: Option<Duration>,
    pub(super) body: Arc<dyn StepBody>,
}

struct Waiting {
    attempt: Attempt,
    task: AbortHandle,
}

struct Running {
    attempt: u32,
    step: &'static str,
    cancellation: Cancellation,
}

impl RunningAttempts {
    pub(super) fn new(
        core: Arc<Core>,
        run: i64,
        mail: mpsc::UnboundedSender<Envelope>,
        env: Arc<RunEnv>,
        driving: Weak<Driving>,
    ) -> Self {
        let watch = core.suspects.watch(run);
        let (running, waiting) = (BTreeMap::new(), BTreeMap::new());
        Self { core, run, mail, env, driving, running, waiting, watch }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Starts an attempt once its inputs are prepared; its end is sent to the driver. `context` is the run's current
    /// one.
    pub(super) fn start(&mut self, attempt: Attempt, context: Option<SharedContext>) {
        let preparation = Preparation::of(&*attempt.body, &attempt.scope, context, &self.env);
        let Some(preparation) = preparation else { return self.begin(attempt) };
        let position = attempt.scope.position;
        let (mail, busy) = (self.mail.clone(), self.core.busy());
        let (core, run, watch) = (self.core.clone(), self.run, self.watch.clone());
        let prepare = async move {
            let skips = core.clock.skips();
            let pause = |blocked, wait| {
                core.set_blocked(run, Some(blocked));
                tokio::time::sleep(if skips { Duration::ZERO } else { wait })
            };
            let reporting = core.clone();
            let preparation = preparation.on_blocked(move |blocked| reporting.set_blocked(run, Some(blocked)));
            let outcome = watched(watch, preparation.make(core.options.restore, pause)).await;
            core.set_blocked(run, None);
            // The driver may have exited.
            let _ = mail.send(core.envelope(DriverEvent::Prepared { position, outcome }));
            drop(busy);
        };
        let task = self.core.runtime.spawn(prepare).abort_handle();
        self.waiting.insert(position, Waiting { attempt, task });
    }

    /// Starts an attempt whose inputs are prepared.
    pub(super) fn prepared(&mut self, position: u64) {
        if let Some(waiting) = self.waiting.remove(&position) {
            self.begin(waiting.attempt);
        }
    }

    /// Drops attempts that have not begun, because the engine stops; the next load of the run starts them.
    pub(super) fn drop_waiting(&mut self) {
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            waiting.task.abort();
        }
    }

    fn begin(&mut self, attempt: Attempt) {
        let Attempt { step, scope, arguments, timeout, body } = attempt;
        let (position, attempt) = (scope.position, scope.attempt);
        let cancellation = scope.cancellation.clone();
        let (core, mail) = (self.core.clone(), self.mail.clone());
        let (env, busy, stop) = (self.env.clone(), self.core.busy(), cancellation.clone());
        let (blocking, watch) = (body.blocking(), self.watch.clone());
        let saving = body.store().map(|store| Saving { run: self.run, step, store, env: self.env.clone() });
        let limit = timeout.map(|timeout| {
            let late = too_late(&core, &mail, position, attempt, cancellation.clone());
            (timeout, core.timers.clone(), late, cancellation.clone())
        });
        let running = Box::pin(async move {
            // An attempt must not begin for a run that has ended or was lost while it waited.
            if !core.leases.has_margin() {
                // Rare, so boxed apart from every attempt's future.
                Box::pin(margin(&core, &stop)).await;
            }
            if stop.is_requested() {
                return None;
            }
            let (_at_work, span) = (stop.begin(), trace::attempt(&scope));
            let scope = limited(scope, timeout);
            // Decoding the arguments runs user code too, so it happens inside.
            let run = async move { caught_future(caught(|| body.attempt(&arguments, scope, env))?).await };
            let run = match (watch, limit) {
                (None, None) => Either::Left(run),
                // Boxed, so that other attempts' futures stay small.
                (watch, limit) => Either::Right(Box::pin(async move {
                    let run = watched(watch, run);
                    let Some((timeout, timers, late, cancellation)) = limit else { return run.await };
                    let outcome = Limited::new(timers, timeout, late, run).await;
                    outcome.unwrap_or_else(|| {
                        cancellation.cancel();
                        Ok(timed_out())
                    })
                })),
            };
            let mut outcome = run.instrument(span).await.unwrap_or_else(AttemptOutcome::panicked);
            // After its time limit, which is for the body.
            if let Some(saving) = saving {
                outcome = Box::pin(saving.save(&core, outcome)).await?;
            }
            let envelope = core.envelope(DriverEvent::AttemptEnded { position, attempt, outcome });
            drop(busy);
            Some(envelope)
        });
        // In each case the driver may have exited: then the result is not needed.
        if blocking {
            let body = move |runtime: &Handle| {
                if let Some(envelope) = runtime.block_on(running) {
                    let _ = mail.send(envelope);
                }
            };
            self.begin_blocking(cancellation.clone(), body);
        } else {
            self.begin_beside(cancellation.clone(), running);
        }
        self.running.insert(position, Running { attempt, step, cancellation });
    }

    /// Runs a body in a task: that of the attempt which has just ended, or one of its own.
    fn begin_beside(
        &self,
        cancellation: Cancellation,
        running: Pin<Box<impl Future<Output = Option<Envelope>> + Send + 'static>>,
    ) {
        let (mail, driving) = (self.mail.clone(), self.driving.clone());
        let job = Job(Box::pin(async move {
            let envelope = cancellation.unless_dropped(running).await??;
            if let Some(driving) = driving.upgrade() {
                return driving.deliver(|| drop(mail.send(envelope)));
            }
            // A remote step: what runs it reads the mail by itself.
            let _ = mail.send(envelope);
            None
        }));
        // The future is being polled right now, and this call is part of the poll.
        let job = match self.driving.upgrade() {
            Some(driving) => driving.begin(job),
            None => Some(job),
        };
        if let Some(job) = job {
            self.core.runtime.spawn(driving::run(job, self.core.store.steps_aside()));
        }
    }

    /// Runs a body on a thread that may block, once a permit is available.
    fn begin_blocking(&self, cancellation: Cancellation, body: impl FnOnce(&Handle) + Send + 'static) {
        let (on, permits) = (self.core.runtime.clone(), self.core.blocking.clone());
        let (core, run) = (self.core.clone(), self.run);
        let begun = async move {
            let Ok(permit) = permits.acquire_owned().await else { return };
            let runtime = on.clone();
            // Its end is sent to the driver, even if the body panics.
            let _ = threads::blocking_in_time(&runtime, |why| core.set_blocked(run, why), move || body(&on)).await;
            drop(permit);
        };
        self.core.runtime.spawn(async move { cancellation.unless_dropped(Box::pin(begun)).await });
    }

    /// Removes an attempt that has ended; `false` if it is no longer waited for.
    pub(super) fn ended(&mut self, position: u64, attempt: u32) -> bool {
        let waited_for = self.running.get(&position).is_some_and(|running| running.attempt == attempt);
        if waited_for {
            self.running.remove(&position);
        }
        waited_for
    }

    /// Cancels a body, and drops it after the grace period.
    pub(super) fn cancel(&mut self, position: u64) {
        if let Some(waiting) = self.waiting.remove(&position) {
            waiting.task.abort();
        }
        if let Some(running) = self.running.remove(&position) {
            running.cancellation.cancel();
            let grace = self.core.options.grace;
            self.core.runtime.spawn(async move {
                tokio::time::sleep(grace).await;
                running.cancellation.drop_body();
            });
        }
    }

    /// Cancels all bodies, because the engine stops, and reports them. Their results are no longer waited for.
    pub(super) fn stop(&mut self, stopped: &mpsc::UnboundedSender<StoppedAttempt>) {
        for (position, running) in std::mem::take(&mut self.running) {
            let Running { attempt, step, cancellation } = running;
            cancellation.cancel();
            let run = self.env.fields.run().id.clone();
            let work = RunningStep { run, position, step: step.to_owned(), attempt };
            // The shutdown may have stopped waiting.
            let _ = stopped.send(StoppedAttempt { work, cancellation });
        }
    }
}

/// Waits until the engine holds its leases for sure, or the attempt is cancelled.
async fn margin(core: &Core, stop: &Cancellation) {
    select(pin!(stop.requested()), pin!(core.leases.margin())).await;
}

/// Sets the deadline of an attempt that begins now.
fn limited(mut scope: Arc<StepScope>, timeout: Option<Duration>) -> Arc<StepScope> {
    if let Some(timeout) = timeout {
        Arc::make_mut(&mut scope).deadline = SystemTime::now().checked_add(timeout);
    }
    scope
}

/// Where the result of an attempt is saved.
struct Saving {
    run: i64,
    step: &'static str,
    store: &'static str,
    env: Arc<RunEnv>,
}

impl Saving {
    /// Saves the result, if there is one; `None` if the engine stops meanwhile: then the step runs again.
    async fn save(self, core: &Core, outcome: AttemptOutcome) -> Option<AttemptOutcome> {
        let Some(routed) = to_save(&outcome, self.step, self.store) else { return Some(outcome) };
        let pointer = save_one(core, self.run, &self.env, &routed).await?;
        core.set_blocked(self.run, None);
        Some(saved(routed, pointer))
    }
}

/// Returns the failure of an attempt that exceeded its time limit.
fn timed_out() -> AttemptOutcome {
    AttemptOutcome::Failed {
        cause: AttemptCause::TimedOut,
        error: None,
        message: "the time limit was reached".to_owned(),
        terminal: false,
        retry_after: None,
    }
}

/// Returns a function that ends an attempt whose body blocks its thread beyond its time limit: the run continues, and
/// the attempt is cancelled.
fn too_late(
    core: &Arc<Core>,
    mail: &mpsc::UnboundedSender<Envelope>,
    position: u64,
    attempt: u32,
    cancellation: Cancellation,
) -> impl Fn() + Send + Sync + use<> {
    let (core, mail) = (core.clone(), mail.clone());
    move || {
        cancellation.cancel();
        cancellation.drop_body();
        // The driver may have exited.
        let _ = mail.send(core.envelope(DriverEvent::AttemptEnded { position, attempt, outcome: timed_out() }));
    }
}

impl Drop for RunningAttempts {
    /// Drops the bodies at their next `await`, because the run is evicted.
    fn drop(&mut self) {
        for running in self.running.values() {
            running.cancellation.cancel();
            running.cancellation.drop_body();
        }
        self.drop_waiting();
    }
}
