//! Runs remote steps: claims their attempts from the queues that this engine serves, and sends the outcomes to their
//! runs.

mod load;
mod reports;
mod visit;

use super::core::{Core, DriverEvent};
use super::error::EngineError;
use super::queued_runs;
use super::queues::{Claimed, Queue, TaskId, id_of};
use crate::metrics;
use crate::panics::caught_future;
use crate::queue::Declared;
use crate::store::{Lease, NewInboxItem, Store, TaskKey, TaskRow, TaskState, Write, Written};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// The wait before the limits of a queue are checked again: starts come in blocks of a tenth of a second.
const ROOM: Duration = Duration::from_millis(100);

/// The most tasks of one claim.
const BLOCK: usize = 100;

/// Looks for tasks, unless that is under way: then it looks once more. Does not wait.
pub(super) fn look(core: &Arc<Core>) {
    if core.options.queues.is_empty() || !core.tasks.looking.begins() {
        return;
    }
    let (core, busy) = (core.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        let look = || async {
            if core.tasks.changed.swap(false, Ordering::SeqCst) {
                reconcile(&core).await;
            }
            claim_all(&core).await;
        };
        core.tasks.looking.run(look).await;
        drop(busy);
    });
}

/// Looks for tasks, and for those of this engine that nothing waits for any more.
pub(super) fn look_at_all(core: &Arc<Core>) {
    core.tasks.changed.store(true, Ordering::SeqCst);
    look(core);
}

/// Cancels the tasks that this engine runs under a lost lease, and forgets the room of runs under it.
pub(super) fn lose(core: &Core, lease: Lease) {
    core.tasks.send(|_, claimed| claimed.lease == lease, || DriverEvent::Halt);
    core.tasks.queued.lose(lease);
}

/// Claims of each queue as many as there are slots, and the limits of the queue allow.
async fn claim_all(core: &Arc<Core>) {
    let (mut again, served) = (None, core.workflows.served());
    for (name, queue) in &core.options.queues.0 {
        let (shared, steps): (Arc<str>, _) = (name.as_str().into(), queue.names(&served).collect());
        loop {
            let free = queue.slots.saturating_sub(core.tasks.running(name));
            let Some(lease) = core.lease_of_new().filter(|_| free > 0 && !core.is_draining()) else { break };
            let Some(Claimable { limit, is_limited, held }) = room(core, name, &steps, free.min(BLOCK)).await else {
                break;
            };
            // The limits let none start. The end of another task or the passage of time makes room, without a notice.
            if limit == 0 {
                again = Some(ROOM);
                break;
            }
            let write = Write::ClaimTasks { lease, queue: shared.clone(), steps: steps.clone(), limit };
            let claimed = match core.committer.write(write).await {
                Ok(Ok(Written::Tasks(claimed))) => claimed,
                // Another engine was faster.
                Ok(_) => break,
                // It is unknown what was claimed.
                Err(_) => {
                    core.tasks.changed.store(true, Ordering::SeqCst);
                    break;
                }
            };
            let is_all = claimed.len() < limit;
            for task in claimed {
                metrics::claimed(name, task.at.max(task.due), core.now());
                if task.is_run() {
                    queued_runs::begin(core, lease, task, held);
                } else {
                    begin(core, lease, queue, task);
                }
            }
            if is_all {
                again = again.or(is_limited.then_some(ROOM));
                break;
            }
        }
    }
    if let Some(wait) = again {
        look_after(core, wait);
    }
}

/// Looks once more after a while, unless that is planned.
fn look_after(core: &Arc<Core>, wait: Duration) {
    if core.tasks.planned.swap(true, Ordering::SeqCst) {
        return;
    }
    let core = core.clone();
    core.runtime.clone().spawn(async move {
        core.pause(wait).await;
        core.tasks.planned.store(false, Ordering::SeqCst);
        look(&core);
    });
}

/// What is known of a queue without a commit.
struct Claimable {
    /// How many of its tasks this engine may claim.
    limit: usize,
    /// Whether limits may let fewer start.
    is_limited: bool,
    /// Whether runs keep their room while they wait.
    held: bool,
}

/// Returns how much room a queue has; `None` if nothing waits that this engine may run, or the queue is paused.
async fn room(core: &Core, queue: &str, steps: &Arc<[String]>, free: usize) -> Option<Claimable> {
    let (queue, steps) = (queue.to_owned(), steps.clone());
    let read = core.read(move |store| {
        let waiting = store.tasks(TaskKey::Waiting { queue: &queue, steps: &steps, limit: 1 })?;
        if waiting.is_empty() {
            return Ok(None);
        }
        let Some(state) = store.queue(&queue)? else {
            return Ok(Some(Claimable { limit: free, is_limited: false, held: false }));
        };
        let held = state.limits().held;
        Ok(state.paused.is_none().then(|| Claimable { limit: state.may_start(free), is_limited: true, held }))
    });
    read.await.ok().flatten()
}

/// Declares the queues of an engine that starts.
pub(super) fn declare(store: &dyn Store, declared: &Declared) -> Result<(), EngineError> {
    let changes = declared
        .0
        .values()
        .map(|queue| Write::ChangeQueue { queue: queue.name.as_str().into(), change: queue.declaration() });
    let changes: Vec<Write> = changes.collect();
    if !changes.is_empty() {
        store.commit(&changes)?;
    }
    Ok(())
}

/// Runs a task that was claimed, in a task of its own.
fn begin(core: &Arc<Core>, lease: Lease, queue: &Queue, task: TaskRow) {
    let Some(step) = queue.steps.get(task.step.as_str()).copied() else { return };
    let id = id_of(&task);
    let (mail, events) = mpsc::unbounded_channel();
    if !core.tasks.enter(id, Claimed { queue: task.queue.clone(), lease, has_ended: false, mail: mail.clone() }) {
        return;
    }
    let (core, busy) = (core.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        let claimed = task.clone();
        let visited = caught_future(Box::pin(visit::visit(&core, lease, step, task, (mail, events))));
        if let Err(panic) = visited.await {
            tracing::error!(run = id.0, position = id.1, panic, "what runs a remote step has panicked");
            end(&core, lease, &claimed).await;
        }
        core.tasks.leave(id);
        core.moved.notify_waiters();
        drop(busy);
        look(&core);
    });
}

/// Cancels the tasks that nothing waits for any more: their runs have dropped the calls, or have ended. Runs those that
/// were claimed by a commit whose answer was lost, and ends those that were cancelled before they began here.
async fn reconcile(core: &Arc<Core>) {
    // Before the rows are read: a task that ends meanwhile is in neither.
    let (known, runs) = (core.tasks.ids(), core.tasks.queued.ids());
    let leases = core.leases.all();
    let rows = core.read(move |store| {
        let mut rows = Vec::new();
        for lease in leases {
            for task in store.tasks(TaskKey::Lease(lease.number))? {
                let held = task.is_run() && queued_runs::is_held(store, &task.queue)?;
                rows.push((task, held));
            }
        }
        Ok(rows)
    });
    let Ok(claimed) = rows.await else { return };
    let wanted: BTreeSet<TaskId> = {
        let wanted = claimed.iter().filter(|(task, _)| task.state == TaskState::Claimed);
        wanted.map(|(task, _)| id_of(task)).collect()
    };
    core.tasks.send(|id, _| !wanted.contains(&id), || DriverEvent::Halt);
    let has_room = |run| claimed.iter().any(|(task, _)| task.is_run() && task.run == run);
    core.tasks.queued.forget(|run| runs.contains(&run) && !has_room(run) && !core.is_active(run));
    for (task, held) in claimed.into_iter().filter(|(task, _)| !known.contains(&id_of(task))) {
        let Some(lease) = task.lease.and_then(|number| core.leases.held(number)) else { continue };
        if task.is_run() {
            if !runs.contains(&task.run) {
                queued_runs::begin(core, lease, task, held);
            }
        } else if task.state == TaskState::Cancelled {
            end(core, lease, &task).await;
        } else if let Some(queue) = core.options.queues.0.get(&task.queue) {
            begin(core, lease, queue, task);
        }
    }
}

/// Ends a claimed task without an outcome: its run starts the next attempt, unless it has cancelled this one.
async fn end(core: &Core, lease: Lease, task: &TaskRow) {
    let TaskRow { run, position, attempt, .. } = *task;
    let item = NewInboxItem::lost(run, position, attempt, core.now());
    // If it is not written now, the next look finds the task again.
    if core.committer.write(Write::FinishTask { lease, position, attempt, item }).await.is_err() {
        core.tasks.changed.store(true, Ordering::SeqCst);
    }
}
