//! Runs in queues: they wait for room, have it, or have given it back until they have something to do.

use super::{Decided, Decision, Rows, RunChange, TaskChange, TaskHead};
use crate::record::InboxKind;
use crate::store::{
    Lease, NewInboxItem, NewQueued, NewRun, PlaceChange, Rejected, Status, TaskRow, TaskState, Written,
};
use crate::value::Value;

impl<R: Rows> Decision<'_, R> {
    /// Refuses a run without a key in a queue that has keys: it would share a turn with all others that have none.
    pub(super) fn may_queue(&self, new: &NewRun) -> Decided<()> {
        let Some(queued) = new.queued.as_ref().filter(|queued| queued.key.is_none()) else { return Ok(()) };
        if self.rows.queue(&queued.queue)?.is_some_and(|state| state.has_keys) {
            let (id, queue) = (&new.id, &queued.queue);
            return Err(Rejected::Refused(format!(
                "run `{id}` has no key in queue `{queue}`, which has keys: declare the queue with `.key(..)` for the input of \
                 workflow `{}` in the engine that starts it too",
                new.workflow
            ))
            .into());
        }
        Ok(())
    }

    /// Has a new run wait in its queue, as if it had come at the time `before`.
    pub(super) fn queue_run(&mut self, run: i64, new: &NewRun, queued: &NewQueued, before: Option<i64>) -> Decided<()> {
        let at = before.unwrap_or(new.at);
        let due = queued.wait(at, new.at);
        let NewQueued { queue, key, priority, expires, deadline, .. } = queued.clone();
        let task = TaskRow {
            number: 0,
            queue,
            step: TaskRow::run_step(&new.workflow, new.version),
            run,
            position: TaskRow::RUN,
            attempt: 0,
            context: None,
            timeout: None,
            priority,
            key,
            at,
            due,
            state: TaskState::Waiting,
            lease: None,
            refused: None,
            expires: expires.map(|wait| wait.clamp(0, TaskRow::LONGEST)),
            deadline,
            progress: None,
            arguments: Value::json("[]"),
        };
        self.insert_task(run, &task)
    }

    /// Gives the runs among the tasks that were claimed to the lease.
    pub(super) fn claim_runs(&mut self, lease: i64, claimed: &[TaskRow]) -> Decided<()> {
        for task in claimed.iter().filter(|task| task.is_run()) {
            let (status, wake_at) = (Some(Status::Running), Some(Some(0)));
            let change = RunChange { status, lease: Some(Some(lease)), wake_at, ..RunChange::default() };
            self.rows.change_run(task.run, &change)?;
        }
        Ok(())
    }

    pub(super) fn change_place(&mut self, lease: Lease, run: i64, change: PlaceChange) -> Decided<Written> {
        self.held(lease)?;
        let place = self.place(run)?.ok_or(Rejected::NoSuchQueue)?;
        let state = self.rows.state(run)?.filter(|state| state.status.accepts());
        match (state, change) {
            (None, _) => self.remove(&place)?,
            (Some(state), PlaceChange::Wait { deadline }) if state.lease == Some(lease.number) => {
                if place.state == TaskState::Claimed {
                    self.runs_no_longer(&place, true)?;
                }
                if deadline.is_some() {
                    self.rows.set_deadline(run, deadline)?;
                }
                self.wait_again(&place)?;
            }
            (Some(_), PlaceChange::Leave { attempt })
                if place.lease == Some(lease.number) && place.attempt == attempt =>
            {
                self.runs_no_longer(&place, true)?;
                self.change_state(&place, TaskState::Idle)?;
            }
            (Some(_), _) => return Err(Rejected::Fenced.into()),
        }
        Ok(Written::Done)
    }

    /// Frees the room of a run whose lease is taken over, unless it is at work or the queue has it keep its room: then
    /// that stays with its lease.
    pub(super) fn inherit_place(&mut self, place: &TaskHead) -> Decided<()> {
        match self.rows.state(place.run)?.filter(|run| run.status.accepts()) {
            None => self.remove(place),
            Some(run) if run.status == Status::Running && run.lease == place.lease => Ok(()),
            Some(_) if self.rows.queue(&place.queue)?.is_some_and(|state| state.limits().held) => Ok(()),
            Some(_) => {
                self.runs_no_longer(place, true)?;
                self.change_state(place, TaskState::Idle)
            }
        }
    }

    /// Has a run that has no room wait for it, unless it is to be cancelled or paused: that needs none.
    fn wait_again(&mut self, place: &TaskHead) -> Decided<()> {
        let items = self.rows.items(place.run)?;
        if InboxKind::need_no_room(items.iter().filter(|item| !item.taken).map(|item| &item.kind)) {
            return self.set_free(place);
        }
        let (status, lease, wake_at) = (Some(Status::Queued), Some(None), Some(None));
        self.rows.change_run(place.run, &RunChange { status, lease, wake_at, ..RunChange::default() })?;
        // It was due when it began. If it was taken out of its queue before, a claim passes it over until it is due.
        self.waits(&place.queue, place.key.as_deref(), TaskState::Waiting)?;
        self.change_state(place, TaskState::Waiting)
    }

    /// Takes a run that is to be cancelled or paused out of its queue: that needs no room.
    pub(super) fn free_by(&mut self, run: i64, item: &NewInboxItem) -> Decided<()> {
        if item.kind.needs_no_room()
            && self.rows.state(run)?.is_some_and(|state| state.status == Status::Queued)
            && let Some(place) = self.place(run)?
        {
            self.waits_no_longer(&place)?;
            self.set_free(&place)?;
        }
        Ok(())
    }

    /// Has a run that waits for room wait no more, because it is given to a lease as it is.
    pub(super) fn wait_no_more(&mut self, run: i64) -> Decided<()> {
        match self.place(run)?.filter(|place| place.state.waits()) {
            Some(place) => {
                self.waits_no_longer(&place)?;
                self.change_state(&place, TaskState::Idle)
            }
            None => Ok(()),
        }
    }

    /// Removes what a run that ends has in its queue.
    pub(super) fn leave_queue(&mut self, run: i64) -> Decided<()> {
        self.place(run)?.map_or(Ok(()), |place| self.remove(&place))
    }

    /// Leaves a run to any engine that has its workflow.
    fn set_free(&mut self, place: &TaskHead) -> Decided<()> {
        let (status, lease, wake_at) = (Some(Status::Running), Some(None), Some(Some(0)));
        self.rows.change_run(place.run, &RunChange { status, lease, wake_at, ..RunChange::default() })?;
        self.change_state(place, TaskState::Idle)
    }

    pub(super) fn expire_runs(&mut self, limit: usize) -> Decided<Written> {
        let (expired, now) = (self.rows.expired(limit)?, self.rows.now()?);
        for task in &expired {
            let place = TaskHead::from(task);
            self.waits_no_longer(&place)?;
            self.set_free(&place)?;
            if task.expires.is_some_and(|at| at <= now) {
                let why = format!("it has not begun within its time to live in queue `{}`", task.queue);
                self.deposit(task.run, &NewInboxItem::cancellation(task.run, &why, now))?;
            }
        }
        Ok(Written::Number(i64::try_from(expired.len()).unwrap_or(i64::MAX)))
    }

    /// Returns what a run has in its queue.
    pub(super) fn place(&self, run: i64) -> Decided<Option<TaskHead>> {
        Ok(self.rows.attempts(run, TaskRow::RUN)?.pop())
    }

    pub(super) fn change_state(&mut self, place: &TaskHead, state: TaskState) -> Decided<()> {
        Ok(self.rows.change_task(place, &TaskChange { state, lease: None, refused: None })?)
    }
}
