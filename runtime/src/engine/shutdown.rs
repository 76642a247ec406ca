//! Ends an engine, in order or at once.

use super::core::{Core, DriverEvent};
use super::running_step::{RunningStep, StoppedAttempt};
use super::{Engine, EngineError};
use crate::store::{Lease, NewInboxItem, Store, TaskKey, TaskRow, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Stops an engine when its last handle is dropped.
pub(super) struct StopOnDrop(pub(super) Weak<Core>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(core) = self.0.upgrade() {
            stop(&core);
        }
    }
}

/// Stops at once: nothing more is written, bodies are dropped, and others may take over. Resources are dropped too: a
/// body that still runs keeps its own, the handle of a run keeps none.
pub(super) fn stop(core: &Arc<Core>) {
    begin(core);
    core.committer.halt();
    core.send_to_all(|| DriverEvent::Halt);
    core.tasks.send(|_, _| true, || DriverEvent::Halt);
    core.tasks.runs.clear();
    core.timers.close();
    core.leases.release();
    core.tell_waiters();
    core.moved.notify_waiters();
    core.resources.let_go();
}

/// Prevents anything more from starting.
fn begin(core: &Core) {
    core.draining.store(true, Ordering::SeqCst);
    core.stopping.notify_waiters();
}

/// Ends the remote steps that this engine still runs under a lease: their runs start the next attempts at once, and do
/// not count these as lost.
async fn hand_back_tasks(core: &Core, lease: Lease) -> Result<(), EngineError> {
    for task in core.read(move |store| store.tasks(TaskKey::Lease(lease.number))).await? {
        let TaskRow { run, position, attempt, .. } = task;
        let item = NewInboxItem::ended_attempt(run, (position, attempt), None, core.now());
        // Rejected if its outcome was written meanwhile.
        let _ = core.committer.write(Write::FinishTask { lease, position, attempt, item }).await?;
    }
    Ok(())
}

/// Removes a lease; one that still owns runs is marked as without owner, so that the next engine takes it at once.
async fn hand_back(core: &Core, lease: Lease) -> Result<(), EngineError> {
    core.leases.forget(lease);
    hand_back_tasks(core, lease).await?;
    if core.committer.write(Write::CloseLease(lease)).await?.is_ok() {
        return Ok(());
    }
    let leases = core.read(Store::leases).await?;
    if let Some(row) = leases.into_iter().find(|row| row.number == lease.number && row.epoch == lease.epoch) {
        let owner = super::lease::NOBODY.to_owned();
        // It fails if another engine has taken the lease meanwhile; then it is not ours to hand back.
        let _ = core.committer.write(Write::TakeLease { seen: lease, heartbeat: row.heartbeat, owner }).await?;
    }
    Ok(())
}

/// The outcome of a [shutdown](Engine::shutdown).
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// let report = engine.shutdown(Duration::from_secs(10)).await?;
/// assert!(report.finished && report.still_running.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Whether everything in flight had finished in time. The next engine resumes what had not.
    pub finished: bool,
    /// The steps whose bodies still run, ordered by run and command index: blocking ones, and those that do not reach
    /// an `await`. They keep the process alive for as long as they take, unless it exits; their results are not
    /// recorded.
    pub still_running: Vec<RunningStep>,
}

/// The time that drivers may take to cancel their bodies.
const TELLING: Duration = Duration::from_secs(1);
/// The time that dropped bodies may take to reach an `await`.
const DROPPING: Duration = Duration::from_millis(200);
/// The interval at which bodies are checked for their end.
const LOOK: Duration = Duration::from_millis(5);

/// Cancels the running bodies; those that observe their cancellation get the grace period to end on their own. Then all
/// are dropped.
async fn stop_attempts(core: &Core) -> Vec<StoppedAttempt> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    core.send_to_all(|| DriverEvent::Stop(sender.clone()));
    core.tasks.send(|_, _| true, || DriverEvent::Stop(sender.clone()));
    drop(sender);
    let mut stopped = Vec::new();
    let all_told = async {
        while let Some(body) = receiver.recv().await {
            stopped.push(body);
        }
    };
    // A driver that is busy for longer drops its bodies when it exits.
    let _ = tokio::time::timeout(TELLING, all_told).await;
    let heeds = |body: &StoppedAttempt| body.cancellation.is_heeded() && body.cancellation.is_at_work();
    until(core.options.grace, || !stopped.iter().any(heeds)).await;
    for body in &stopped {
        body.cancellation.drop_body();
    }
    stopped
}

/// Waits until a condition holds, at most for a limit.
async fn until(limit: Duration, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() && since.elapsed() < limit {
        tokio::time::sleep(LOOK).await;
    }
}

impl Engine {
    /// Ends the engine in order: nothing more is started, steps in flight may finish and are recorded, and sleeping
    /// runs are left unchanged. The next engine resumes what has not finished `within` this time. Bodies still running
    /// then are cancelled ([`Cancellation`](crate::Cancellation)): a body that has obtained its cancellation may take
    /// the engine's [grace](crate::EngineBuilder::cancellation_grace) period to end on its own, all others are dropped
    /// at their next `await`. The engine's resources are dropped, the last one made first.
    ///
    /// A SQLite file is complete by itself afterwards: its log was moved into it, unless another connection reads or
    /// writes it during the shutdown.
    ///
    /// Returns whether everything had finished, and which steps still run: a blocking step cannot be dropped, and keeps
    /// the process alive for as long as it takes.
    ///
    /// # Errors
    /// The database did not accept the last writes; nothing that was reported as done is lost.
    pub async fn shutdown(&self, within: Duration) -> Result<ShutdownReport, EngineError> {
        let core = &self.core;
        begin(core);
        core.send_to_all(|| DriverEvent::Drain);
        let finished = is_finished(core, within).await;
        let stopped = if finished { Vec::new() } else { stop_attempts(core).await };
        let mut outcome = Ok(());
        // While the leases are held, under which the spans are owed.
        super::traces::finish(core).await;
        for lease in core.leases.all() {
            let handed_back = hand_back(core, lease).await;
            outcome = outcome.and(handed_back);
        }
        stop(core);
        if let Err(error) = core.read(Store::settle).await {
            // Nothing is lost: the next engine finds it in the log.
            tracing::warn!(%error, "a part of the database stays in its log");
        }
        until(DROPPING, || !stopped.iter().any(|body| body.cancellation.is_at_work())).await;
        let running = stopped.iter().filter(|body| body.cancellation.is_at_work());
        let mut still_running: Vec<RunningStep> = running.map(|body| body.work.clone()).collect();
        still_running.sort_unstable();
        outcome.map(|()| ShutdownReport { finished, still_running })
    }
}

/// Waits until no run is active; `false` if the time is over before.
async fn is_finished(core: &Core, within: Duration) -> bool {
    // A limit that the clock cannot represent is no limit.
    let until = Instant::now().checked_add(within);
    loop {
        let moved = core.moved.notified();
        if core.is_empty() {
            return true;
        }
        let Some(until) = until else {
            moved.await;
            continue;
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        // The next iteration checks which of the two it was.
        let _ = tokio::time::timeout(left, moved).await;
    }
}
