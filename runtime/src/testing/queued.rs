//! What must hold of queues, whatever the fault.

use super::loaded::Loaded;
use super::scenario::Scenario;
use crate::engine::place_of;
use crate::store::{QueueState, RunRow, Status, TaskRow};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What was seen of the queues so far.
#[derive(Default)]
pub(super) struct Queued {
    /// What the runs have in queues, as it was seen last, and the clock of the database at that moment.
    places: BTreeMap<i64, TaskRow>,
    clock: i64,
    /// The runs that have had room.
    begun: BTreeSet<i64>,
    /// The runs whose place a newer start has taken before they had room.
    replaced: BTreeSet<i64>,
}

impl Queued {
    /// Notes that a newer start takes the place of a run, unless that has had room.
    pub(super) fn replace(&mut self, run: i64) {
        if !self.begun.contains(&run) {
            self.replaced.insert(run);
        }
    }

    /// Checks the claims since the last look, which was one commit ago.
    fn claims(&mut self, places: BTreeMap<i64, TaskRow>, clock: i64) -> Result<(), String> {
        for place in places.values().filter(|place| place.attempt > 0) {
            self.begun.insert(place.run);
            if self.replaced.contains(&place.run) {
                return Err(format!("run number {} has begun, although a newer start has its place", place.run));
            }
            let before = self.places.get(&place.run).filter(|before| before.attempt < place.attempt);
            let Some(before) = before else { continue };
            if before.due > clock {
                return Err(format!("run number {} has got room before it was due", place.run));
            }
            let is_ahead = |other: &&TaskRow| {
                (&other.queue, &other.key) == (&before.queue, &before.key)
                    && (other.rank(), other.number) < (before.rank(), before.number)
            };
            let waits = |other: &&TaskRow| other.state.waits() && other.due <= self.clock;
            let still = |other: &&TaskRow| places.get(&other.run).is_some_and(|now| now.state.waits());
            if let Some(first) = self.places.values().filter(is_ahead).filter(waits).find(still) {
                let (queue, key) = (&before.queue, &before.key);
                return Err(format!(
                    "run number {} has got room before run number {}, which is ahead in queue `{queue}` (key {key:?})",
                    place.run, first.run
                ));
            }
        }
        (self.places, self.clock) = (places, clock);
        Ok(())
    }
}

impl Scenario<'_> {
    /// Checks the limits of the queues, and what was claimed by the last commit.
    pub(super) fn look_at_queues(&mut self, rows: &[RunRow]) -> Result<(), String> {
        if !self.places.is_used && !self.far.is_used {
            return Ok(());
        }
        let (tasks, clock) = (self.tasks()?, self.clock()?);
        let queues: BTreeSet<&str> = tasks.iter().map(|task| task.queue.as_str()).collect();
        for queue in queues {
            if let Some(state) = self.store.queue(queue).map_err(|error| error.to_string())? {
                holds(&state, &tasks)?;
            }
        }
        for row in rows.iter().filter(|row| row.status.is_final()) {
            if let Some(left) = tasks.iter().find(|task| task.is_run() && task.run == row.number) {
                return Err(format!("run `{}` has ended, and has a place in queue `{}`", row.id, left.queue));
            }
        }
        let places: BTreeMap<i64, TaskRow> =
            tasks.into_iter().filter(TaskRow::is_run).map(|task| (task.run, task)).collect();
        if !self.store.is_simulated() && places.values().any(|place| place.deadline.is_some()) {
            return Err(
                "a run in a queue has a deadline, and the clock of the file that `.sql(..)` makes is that of the \
                        machine: leave one of the two away"
                    .to_owned(),
            );
        }
        self.queued.claims(places, clock)
    }

    /// Checks that a run that starts a step has room, if it is in a queue.
    pub(super) fn may_work(&self, loaded: &Loaded) -> Result<(), String> {
        if !self.places.is_used || loaded.run.stops() {
            return Ok(());
        }
        let place = place_of(&*self.store, loaded.number).map_err(|error| error.to_string())?;
        match place.filter(|place| !place.is_room_of(self.lease)) {
            None => Ok(()),
            Some(place) => {
                let (id, queue) = (&loaded.run.identity().id, place.task.queue);
                Err(format!("a step of run `{id}` was started while it has no room in queue `{queue}`"))
            }
        }
    }

    /// Returns the ends of the runs in queues and of those that were started from outside, but not that of the run itself.
    pub(super) fn queued_ends(&self) -> Result<BTreeMap<String, (Status, Option<Value>)>, String> {
        if let Some(task) = self.claimable(|_| true)?.first() {
            return Err(format!("a task waits in queue `{}`, which has room for it", task.queue));
        }
        let main = self.main()?.first_run;
        let mut ends = BTreeMap::new();
        for row in self.rows()?.into_iter().filter(|row| row.first_run != main && row.successor.is_none()) {
            if row.queue.is_some() || self.started.contains(&row.number) {
                let last = self.journal(row.number)?.pop().filter(|_| row.status.is_final());
                ends.insert(row.id, (row.status, last.and_then(|last| last.value)));
            }
        }
        Ok(ends)
    }
}

/// Checks that a queue keeps its limits, and counts what runs.
fn holds(state: &QueueState, tasks: &[TaskRow]) -> Result<(), String> {
    let (queue, limits) = (&state.queue, state.limits());
    let of_queue: Vec<&TaskRow> = tasks.iter().filter(|task| task.queue == *queue).collect();
    let running = of_queue.iter().filter(|task| task.lease.is_some()).count();
    if i64::try_from(running) != Ok(state.running) {
        return Err(format!("{running} tasks of queue `{queue}` run, and {} are counted", state.running));
    }
    if limits.total.is_some_and(|total| running > total as usize) {
        return Err(format!("{running} tasks of queue `{queue}` run, more than its limit"));
    }
    let mut keys: BTreeMap<&Option<String>, (usize, usize)> = BTreeMap::new();
    for task in of_queue {
        let (running, begun) = keys.entry(&task.key).or_default();
        *running += usize::from(task.lease.is_some());
        *begun += usize::from(task.is_run() && task.attempt > 0);
    }
    for (key, (running, begun)) in keys {
        let is_above = |count: usize| limits.per_key.is_some_and(|limit| count > limit as usize);
        if is_above(running) {
            return Err(format!("{running} tasks of key {key:?} in queue `{queue}` run, more than its limit"));
        }
        // The queue has them run one after the other.
        if limits.held && limits.per_key == Some(1) && begun > 1 {
            return Err(format!(
                "{begun} runs of key {key:?} in queue `{queue}` have begun, and must follow each other"
            ));
        }
    }
    Ok(())
}
