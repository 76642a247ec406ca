//! Runs in queues: which of them this engine drives, and when they wait for room.

use super::clock::AGAIN;
use super::core::{Core, DriverEvent};
use super::parking::blocking;
use super::rooms::Room;
use crate::record::InboxKind;
use crate::store::{
    Lease, PlaceChange, Rejected, RunKey, RunRow, Store, StoreError, TaskKey, TaskRow, TaskState, Write,
};
use std::sync::Arc;

/// The most runs that are taken out of their queues at one look because their time is over.
const EXPIRED: usize = 1_000;

/// Drives a run that was claimed from its queue.
pub(super) fn begin(core: &Arc<Core>, lease: Lease, task: TaskRow, held: bool) {
    let room = Room { queue: task.queue, lease, attempt: task.attempt, held, leaving: false };
    core.tasks.queued.enter(task.run, room);
    // A load that has read its row before the claim does not drive it, and looks again if it is sent something.
    while !core.load(task.run) && !core.send_event(task.run, DriverEvent::Look) {
        // It has left at this moment. An engine that stops drives nothing more.
        if core.is_draining() {
            return;
        }
    }
}

/// Whether a run may be driven now.
pub(super) enum Admitted {
    Yes,
    /// Only to be cancelled or paused, or to end because its time is over.
    ToStop,
    /// It waits in its queue, and belongs to no engine.
    Waits,
    /// It has changed meanwhile.
    Moved,
}

/// Has a run that is to be driven wait for room in its queue, unless it has room, or is to stop: that needs none.
pub(super) async fn admit(core: &Arc<Core>, row: &RunRow, lease: Lease) -> Result<Admitted, StoreError> {
    let (queued, number) = (&core.tasks.queued, row.number);
    if row.queue.is_none() || queued.has_room(number) {
        return Ok(Admitted::Yes);
    }
    queued.used();
    queued.leave_without(number);
    let is_leaving = queued.rooms().contains_key(&number);
    let Some(place) = blocking(core, move |store| place_of(store, number)).await? else {
        return Ok(Admitted::Yes);
    };
    // It had room with the engine from which its lease was taken over, or before a restart.
    if !is_leaving && place.is_room_of(lease) {
        let Place { task: TaskRow { queue, attempt, .. }, held, .. } = place;
        queued.enter(number, Room { queue, lease, attempt, held, leaving: false });
        return Ok(Admitted::Yes);
    }
    if place.needs_no_room(core.now()) {
        queued.enter_without(number);
        return Ok(Admitted::ToStop);
    }
    wait(core, number, lease, None).await
}

/// Has a run wait for room in its queue. `deadline` is its latest end, if that has changed since it was queued.
pub(super) async fn wait(
    core: &Arc<Core>,
    run: i64,
    lease: Lease,
    deadline: Option<i64>,
) -> Result<Admitted, StoreError> {
    let write = Write::ChangePlace { lease, run, change: PlaceChange::Wait { deadline } };
    Ok(match core.committer.write(write).await? {
        Ok(_) => {
            core.look_for_tasks();
            // One that is to stop is for any engine that has its workflow.
            core.look_for_runs();
            Admitted::Waits
        }
        Err(Rejected::NoSuchQueue) => Admitted::Yes,
        Err(_) => Admitted::Moved,
    })
}

/// What a run has in its queue.
pub(crate) struct Place {
    pub(crate) task: TaskRow,
    /// Whether it keeps its room while it waits.
    pub(crate) held: bool,
    /// Whether it is to be cancelled or paused.
    is_to_stop: bool,
}

impl Place {
    /// Returns whether it is room that this lease has.
    pub(crate) fn is_room_of(&self, lease: Lease) -> bool {
        self.task.state == TaskState::Claimed && self.task.lease == Some(lease.number)
    }

    /// Returns whether the run is driven without room: it is to be cancelled or paused, or its time is over.
    pub(crate) fn needs_no_room(&self, now: i64) -> bool {
        self.is_to_stop || self.task.deadline.is_some_and(|deadline| deadline <= now)
    }
}

pub(crate) fn place_of(store: &dyn Store, run: i64) -> Result<Option<Place>, StoreError> {
    let Some(task) = store.tasks(TaskKey::Run(run))?.into_iter().find(TaskRow::is_run) else { return Ok(None) };
    let held = is_held(store, &task.queue)?;
    let items = store.inbox(RunKey::Number(run), 0, usize::MAX)?;
    Ok(Some(Place { task, held, is_to_stop: InboxKind::need_no_room(items.iter().map(|item| &item.kind)) }))
}

/// Returns whether runs of a queue keep their room while they wait.
pub(super) fn is_held(store: &dyn Store, queue: &str) -> Result<bool, StoreError> {
    Ok(store.queue(queue)?.is_some_and(|state| state.limits().held))
}

/// Evicts a run by `leave`, which returns whether it did, and frees its room. One that has not `ended` keeps the room if
/// its queue says so. With an end the room went in the same commit.
pub(super) fn left(core: &Arc<Core>, run: i64, ended: bool, leave: impl FnOnce() -> bool) -> bool {
    let was_without = core.tasks.queued.leave_without(run);
    let leaving = {
        let mut rooms = core.tasks.queued.rooms();
        // What is at work when the engine stops keeps its room with its lease.
        let frees = |room: &&mut Room| ended || !room.held && !core.is_draining();
        rooms.get_mut(&run).filter(frees).map(|room| {
            // Before the run is evicted: a load from now on has it wait for room.
            room.leaving = true;
            room.clone()
        })
    };
    let left = leave();
    if was_without && !left {
        core.tasks.queued.enter_without(run);
    }
    let Some(room) = leaving else { return left };
    if !left {
        if let Some(room) = core.tasks.queued.rooms().get_mut(&run).filter(|now| now.attempt == room.attempt) {
            room.leaving = false;
        }
    } else if ended {
        freed(core, run, room.attempt);
    } else {
        give_back(core, run, room);
    }
    left
}

/// Gives the room of a run back to its queue.
fn give_back(core: &Arc<Core>, run: i64, Room { lease, attempt, .. }: Room) {
    let (core, busy) = (core.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        let write = Write::ChangePlace { lease, run, change: PlaceChange::Leave { attempt } };
        while let Err(error) = core.committer.write(write.clone()).await {
            if error.is_for_good() || !core.pause(AGAIN).await {
                break;
            }
        }
        freed(&core, run, attempt);
        core.moved.notify_waiters();
        drop(busy);
    });
}

/// Forgets the room of a run, which is free again. The run may have been claimed anew meanwhile.
fn freed(core: &Arc<Core>, run: i64, attempt: u32) {
    let mut rooms = core.tasks.queued.rooms();
    if rooms.get(&run).is_some_and(|room| room.leaving && room.attempt == attempt) {
        rooms.remove(&run);
    }
    drop(rooms);
    core.look_for_tasks();
}

/// Takes runs out of their queues whose time to begin or deadline is over. Called on a thread that may block.
pub(super) fn expire(core: &Arc<Core>) -> Result<(), StoreError> {
    let is_used = core.tasks.queued.is_used() || !core.options.queues.is_empty();
    if is_used && !core.is_draining() && !core.store.tasks(TaskKey::Expired { limit: 1 })?.is_empty() {
        let expired = core.store.commit(&[Write::ExpireRuns { limit: EXPIRED }]);
        // Also if the answer is lost: they are in no queue any more, and belong to no engine.
        core.look_for_runs();
        expired?;
    }
    Ok(())
}
