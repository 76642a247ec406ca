//! Plays what the engine of the runs does for those in queues: it claims them, has them give back their room while they
//! wait, and queues them again. Its commits have faults like any other.

use super::loaded::Loaded;
use super::scenario::Scenario;
use crate::engine::place_of;
use crate::record::InboxKind;
use crate::store::{PlaceChange, Rejected, RunKey, RunQuery, RunRow, Status, TaskKey, TaskRow, Write, Written};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most runs of one claim.
const BLOCK: usize = 100;

/// The runs in queues, as the engine knows them beyond their rows.
#[derive(Default)]
pub(super) struct Places {
    /// Whether a run was ever in a queue.
    pub(super) is_used: bool,
    /// Runs that this engine no longer drives and whose room is still to be given back, with their claims.
    leaving: BTreeMap<i64, u32>,
    /// Runs that are to wait for room, with their latest ends if these have changed.
    waiting: BTreeMap<i64, Option<i64>>,
    /// The queues of which the last claim got nothing, with the time and the number of commits at that moment.
    vain: BTreeMap<String, (i64, usize)>,
}

/// Whether a run may be loaded.
#[derive(PartialEq)]
pub(super) enum Admitted {
    Yes,
    /// Only to be cancelled or paused, or to end because its time is over.
    ToStop,
    No,
}

/// A commit that this engine could do now.
#[derive(Clone)]
enum Work {
    /// It drives a run no longer, which only waits; with the claim by which the run has room.
    Evict(i64, Option<u32>),
    Leave(i64, u32),
    Wait(i64, Option<i64>),
    Expire,
    ClaimFree,
    Claim(String),
}

impl Places {
    pub(super) fn new(is_used: bool) -> Self {
        Self { is_used, ..Self::default() }
    }

    /// Forgets what a process knows that dies.
    pub(super) fn die(&mut self) {
        *self = Self::new(self.is_used);
    }

    /// Has a run wait for room.
    pub(super) fn wait(&mut self, run: i64, deadline: Option<i64>) {
        self.waiting.insert(run, deadline);
    }
}

impl Scenario<'_> {
    /// Returns whether a run may be loaded. One that needs room and has none is queued again.
    pub(super) fn admit(&mut self, row: &RunRow) -> Result<Admitted, String> {
        // It waits in its queue, or is for any engine: a claim gives it to this one.
        if row.lease != Some(self.lease.number) {
            return Ok(Admitted::No);
        }
        let place = place_of(&*self.store, row.number).map_err(|error| error.to_string())?;
        let Some(place) = place.filter(|_| row.queue.is_some()) else { return Ok(Admitted::Yes) };
        if row.status == Status::Paused && !self.is_moved(row.number)? {
            return Ok(Admitted::No);
        }
        if place.is_room_of(self.lease) && !self.places.leaving.contains_key(&row.number) {
            return Ok(Admitted::Yes);
        }
        if place.needs_no_room(self.now) {
            return Ok(Admitted::ToStop);
        }
        self.places.wait(row.number, None);
        Ok(Admitted::No)
    }

    /// Returns whether a run in a queue has no room there.
    pub(super) fn is_without_room(&self, run: i64) -> Result<bool, String> {
        let place = place_of(&*self.store, run).map_err(|error| error.to_string())?;
        Ok(place.is_some_and(|place| !place.is_room_of(self.lease)))
    }

    /// Returns whether an item makes a paused run act.
    fn is_moved(&self, run: i64) -> Result<bool, String> {
        let items = self.store.inbox(RunKey::Number(run), 0, usize::MAX).map_err(|error| error.to_string())?;
        Ok(items.iter().any(|item| matches!(item.kind, InboxKind::Cancel | InboxKind::Resume)))
    }

    /// Does one thing for the runs in queues; `false` if there is nothing to do.
    pub(super) async fn places_work(&mut self) -> Result<bool, String> {
        if !self.places.is_used {
            return Ok(false);
        }
        let mut all = self.work_of_places()?;
        if all.is_empty() {
            return Ok(false);
        }
        let chosen = self.dice.below(all.len());
        match all.swap_remove(chosen) {
            Work::Evict(run, room) => {
                self.loaded.remove(&run);
                self.sessions.remove(&run);
                match room {
                    Some(attempt) => drop(self.places.leaving.insert(run, attempt)),
                    // It may be resumed.
                    None => self.is_notified(run),
                }
            }
            Work::Leave(run, attempt) => {
                let change = PlaceChange::Leave { attempt };
                let write = Write::ChangePlace { lease: self.lease, run, change };
                // It has waited again since, or has ended.
                let may = [Rejected::Fenced, Rejected::NoSuchQueue];
                if self.commit_alone("gives its room back", write, &may).await?.is_some() {
                    self.places.leaving.remove(&run);
                }
            }
            Work::Wait(run, deadline) => {
                self.places.waiting.remove(&run);
                let change = PlaceChange::Wait { deadline };
                let write = Write::ChangePlace { lease: self.lease, run, change };
                self.commit_alone("waits for room", write, &[]).await?;
            }
            Work::Expire => {
                self.commit_alone("has waited too long", Write::ExpireRuns { limit: BLOCK }, &[]).await?;
            }
            Work::ClaimFree => {
                let served = Arc::new(self.served());
                let write = Write::ClaimServed { lease: self.lease, served, limit: BLOCK };
                if let Some(Written::Runs(runs)) = self.commit_alone("claims runs", write, &[]).await? {
                    for (run, _) in runs {
                        self.is_notified(run);
                    }
                }
            }
            Work::Claim(queue) => self.claim_of(queue).await?,
        }
        Ok(true)
    }

    async fn claim_of(&mut self, queue: String) -> Result<(), String> {
        let limit = if self.dice.below(2) == 0 { BLOCK } else { 1 };
        let steps: Arc<[String]> =
            self.served().iter().map(|(name, version)| TaskRow::run_step(name, *version)).collect();
        let write = Write::ClaimTasks { lease: self.lease, queue: queue.as_str().into(), steps, limit };
        if let Some(Written::Tasks(tasks)) = self.commit_alone("claims queued runs", write, &[]).await? {
            if tasks.is_empty() {
                self.places.vain.insert(queue, (self.now, self.commits));
            }
            for task in tasks {
                self.load(task.run).await?;
            }
        }
        Ok(())
    }

    fn served(&self) -> Vec<(String, u32)> {
        self.subject.workflows.keys().map(|(name, version)| ((*name).to_owned(), *version)).collect()
    }

    /// Returns what the engine could do now.
    fn work_of_places(&self) -> Result<Vec<Work>, String> {
        let mut all = Vec::new();
        for loaded in self.loaded.values() {
            if self.is_quiet(loaded) {
                all.extend(self.eviction(loaded)?);
            }
        }
        all.extend(self.places.waiting.iter().map(|(run, deadline)| Work::Wait(*run, *deadline)));
        all.extend(self.places.leaving.iter().map(|(run, attempt)| Work::Leave(*run, *attempt)));
        let expired = self.store.tasks(TaskKey::Expired { limit: 1 }).map_err(|error| error.to_string())?;
        if !expired.is_empty() {
            all.push(Work::Expire);
        }
        let free = RunQuery { unowned: Some(Arc::new(self.served())), limit: 1, ..RunQuery::default() };
        if !self.store.runs(&free).map_err(|error| error.to_string())?.runs.is_empty() {
            all.push(Work::ClaimFree);
        }
        let mut queues: Vec<String> = self.claimable(TaskRow::is_run)?.into_iter().map(|task| task.queue).collect();
        queues.dedup();
        all.extend(queues.into_iter().map(Work::Claim));
        Ok(all)
    }

    /// Returns whether only time or an item can advance a run.
    fn is_quiet(&self, loaded: &Loaded) -> bool {
        let is_due = loaded.run.next_due().is_some_and(|due| due <= self.now);
        loaded.attempts.is_empty() && loaded.run.is_settled() && !loaded.look && !is_due && self.evicting.is_none()
    }

    /// Returns the eviction of a run that only waits; `None` if it stays loaded.
    fn eviction(&self, loaded: &Loaded) -> Result<Option<Work>, String> {
        let place = place_of(&*self.store, loaded.number).map_err(|error| error.to_string())?;
        let Some(place) = place else { return Ok(None) };
        if place.is_room_of(self.lease) {
            return Ok((!place.held).then_some(Work::Evict(loaded.number, Some(place.task.attempt))));
        }
        Ok(loaded.run.is_paused().then_some(Work::Evict(loaded.number, None)))
    }

    /// Returns the tasks of a kind that may be claimed now by the limits of their queues, in order of arrival.
    pub(super) fn claimable(&self, is_of: impl Fn(&TaskRow) -> bool) -> Result<Vec<TaskRow>, String> {
        let (tasks, now) = (self.tasks()?, self.clock()?);
        let mut claimable = Vec::new();
        for task in tasks.iter().filter(|task| task.state.waits() && task.due <= now && is_of(task)) {
            let is_vain = self.places.vain.get(&task.queue) == Some(&(self.now, self.commits));
            if !is_vain && self.has_room(task, &tasks)? {
                claimable.push(task.clone());
            }
        }
        claimable.sort_by(|one, other| (&one.queue, one.number).cmp(&(&other.queue, other.number)));
        Ok(claimable)
    }

    fn has_room(&self, task: &TaskRow, tasks: &[TaskRow]) -> Result<bool, String> {
        let state = self.store.queue(&task.queue).map_err(|error| error.to_string())?;
        let Some(state) = state else { return Ok(true) };
        let runs = |of: &&TaskRow| of.queue == task.queue && of.lease.is_some();
        let of_key = tasks.iter().filter(runs).filter(|of| of.key == task.key).count();
        let is_below = |limit: Option<u32>| limit.is_none_or(|limit| of_key < limit as usize);
        Ok(state.may_start(1) > 0 && is_below(state.limits().per_key))
    }
}
