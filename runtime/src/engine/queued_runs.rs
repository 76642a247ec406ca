//! Runs in queues: which of them this engine drives, and when they wait for room.

use super::core::{Core, DriverEvent};
use super::parking::blocking;
use super::rooms::Room;
use crate::record::InboxKind;
use crate::store::{
    Lease, PlaceChange, Rejected, RunKey, RunRow, Store, StoreError, TaskKey, TaskRow, TaskState, Write,
};
use std::sync::Arc;
use std::time::Duration;

/// The wait before a write of unknown outcome is repeated.
const AGAIN: Duration = Duration::from_millis(200);

/// The most runs that are taken out of their queues at once because their time is over.
const EXPIRED: usize = 100;

/// Drives a run that was claimed from its queue.
pub(super) fn begin(core: &Arc<Core>, lease: Lease, task: TaskRow, held: bool) {
    let room = Room { queue: Some(task.queue), lease, attempt: task.attempt, held, leaving: false };
    core.tasks.queued.enter(task.run, room);
    // A load that has read its row before the claim does not drive it, and looks again if it is sent something.
    while !core.load(task.run) && !core.send_event(task.run, DriverEvent::Look) {}
}

/// Whether a run may be driven now.
pub(super) enum Admitted {
    Yes,
    /// It waits in its queue, and belongs to no engine.
    Waits,
    /// It has changed meanwhile.
    Moved,
}

/// Has a run that is to be driven wait for room in its queue, unless it has room, or is to end: that needs none.
pub(super) async fn admit(core: &Arc<Core>, row: &RunRow, lease: Lease) -> Result<Admitted, StoreError> {
    let (queued, number) = (&core.tasks.queued, row.number);
    if row.queue.is_none() || queued.has_room(number) {
        return Ok(Admitted::Yes);
    }
    queued.used();
    let is_leaving = queued.rooms().contains_key(&number);
    let (place, held, is_cancelled) = blocking(core, move |store| read(store, number)).await?;
    let free = Room { queue: None, lease, attempt: 0, held: true, leaving: false };
    let is_over = |place: &TaskRow| place.deadline.is_some_and(|deadline| deadline <= core.now());
    match place {
        // It had room with the engine from which its lease was taken over, or before a restart.
        Some(place) if !is_leaving && place.state == TaskState::Claimed && place.lease == Some(lease.number) => {
            let (queue, attempt) = (Some(place.queue), place.attempt);
            queued.enter(number, Room { queue, attempt, held, ..free });
            return Ok(Admitted::Yes);
        }
        Some(place) if !is_cancelled && !is_over(&place) => {}
        _ => {
            queued.enter(number, free);
            return Ok(Admitted::Yes);
        }
    }
    let write = Write::ChangePlace { lease, run: number, change: PlaceChange::Wait };
    Ok(match core.committer.write(write).await? {
        Ok(_) => {
            core.look_for_tasks();
            Admitted::Waits
        }
        Err(Rejected::NoSuchQueue) => Admitted::Yes,
        Err(_) => Admitted::Moved,
    })
}

/// Returns what a run has in its queue, whether it keeps it while it waits, and whether it is to be cancelled.
fn read(store: &dyn Store, run: i64) -> Result<(Option<TaskRow>, bool, bool), StoreError> {
    let place = store.tasks(TaskKey::Run(run))?.into_iter().find(TaskRow::is_run);
    let held = place.as_ref().map_or(Ok(false), |place| is_held(store, &place.queue))?;
    let items = store.inbox(RunKey::Number(run), 0, usize::MAX)?;
    Ok((place, held, items.iter().any(|item| item.kind == InboxKind::Cancel)))
}

/// Returns whether runs of a queue keep their room while they wait.
pub(super) fn is_held(store: &dyn Store, queue: &str) -> Result<bool, StoreError> {
    Ok(store.queue(queue)?.is_some_and(|state| state.limits().held))
}

/// Frees the room of a run that this engine no longer drives. A run that has not `ended` keeps it, if its queue says so.
pub(super) fn left(core: &Arc<Core>, run: i64, ended: bool) {
    let room = {
        let mut rooms = core.tasks.queued.rooms();
        // What is at work when the engine stops keeps its room with its lease.
        let frees = |room: &&mut Room| ended || !room.held && !core.is_draining();
        let Some(room) = rooms.get_mut(&run).filter(frees) else { return };
        room.leaving = true;
        room.clone()
    };
    let (core, busy) = (core.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        let Room { lease, attempt, .. } = room;
        let write = Write::ChangePlace { lease, run, change: PlaceChange::Leave { attempt } };
        while let Err(error) = core.committer.write(write.clone()).await {
            if error.is_for_good() || !core.pause(AGAIN).await {
                break;
            }
        }
        let mut rooms = core.tasks.queued.rooms();
        // It may have been claimed anew meanwhile.
        if rooms.get(&run).is_some_and(|room| room.leaving && room.attempt == attempt) {
            rooms.remove(&run);
        }
        drop(rooms);
        core.moved.notify_waiters();
        core.look_for_tasks();
        drop(busy);
    });
}

/// Frees the room of a run that has ended without being driven.
pub(super) async fn ended(core: &Arc<Core>, lease: Lease, run: i64) {
    core.tasks.queued.rooms().remove(&run);
    let change = PlaceChange::Leave { attempt: 0 };
    // If it is not written now, the next owner of the lease that has the room frees it.
    let _ = core.committer.write(Write::ChangePlace { lease, run, change }).await;
    core.look_for_tasks();
}

/// Takes runs out of their queues whose time to begin or deadline is over. Called on a thread that may block.
pub(super) fn expire(core: &Arc<Core>) -> Result<(), StoreError> {
    if !core.tasks.queued.is_used() || core.is_draining() {
        return Ok(());
    }
    while !core.store.tasks(TaskKey::Expired { limit: 1 })?.is_empty() {
        let answers = core.store.commit(&[Write::ExpireRuns { limit: EXPIRED }])?;
        if answers.iter().any(Result::is_err) {
            break;
        }
        super::claiming::look(core);
    }
    Ok(())
}
