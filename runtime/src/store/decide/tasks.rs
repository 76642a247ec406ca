//! Tasks: attempts of remote steps, which an engine claims under its lease.

use super::{Decided, Decision, Rows, TaskChange, TaskHead};
use crate::store::{Lease, NewInboxItem, Rejected, TaskRow, TaskState, Written};

impl<R: Rows> Decision<'_, R> {
    /// Adds an attempt, unless it is there: a run that is loaded again repeats the calls that it waits for.
    pub(super) fn enqueue(&mut self, run: i64, task: &TaskRow) -> Decided<i64> {
        match self.rows.task(run, task.position)? {
            Some(there) if there.attempt == task.attempt && there.state != TaskState::Cancelled => return Ok(0),
            // The engine that runs the other attempt finds that it is gone.
            Some(_) => self.rows.remove_task(run, task.position)?,
            None => {}
        }
        self.rows.insert_task(&TaskRow { run, ..task.clone() })?;
        Ok(0)
    }

    /// Ends a task for which nothing waits. The engine that runs it has to see that.
    pub(super) fn dequeue(&mut self, run: i64, position: u64) -> Decided<i64> {
        match self.rows.task(run, position)? {
            Some(TaskHead { state: TaskState::Claimed, lease, .. }) => {
                let cancelled = TaskChange { state: TaskState::Cancelled, lease, refused: None };
                self.rows.change_task(run, position, &cancelled)?;
            }
            Some(TaskHead { state: TaskState::Waiting | TaskState::Delivered, .. }) => {
                self.rows.remove_task(run, position)?;
            }
            Some(TaskHead { state: TaskState::Cancelled, .. }) | None => {}
        }
        Ok(0)
    }

    pub(super) fn claim_tasks(
        &mut self,
        lease: Lease,
        queue: &str,
        steps: &[String],
        limit: usize,
    ) -> Decided<Written> {
        self.held(lease)?;
        Ok(Written::Tasks(self.rows.claim_tasks(lease.number, queue, steps, limit)?))
    }

    /// Delivers an outcome once: after that, the task is no longer claimed.
    pub(super) fn finish_task(
        &mut self,
        lease: Lease,
        position: u64,
        attempt: u32,
        item: &NewInboxItem,
    ) -> Decided<Written> {
        let task = self.claimed(lease, (item.run, position), attempt)?;
        if task.state == TaskState::Cancelled || !self.accepts(item.run)? {
            self.rows.remove_task(item.run, position)?;
            return Ok(Written::Done);
        }
        self.delivered(item.run, position)?;
        Ok(Written::Number(self.rows.insert_item(item.run, item)?))
    }

    pub(super) fn return_task(
        &mut self,
        lease: Lease,
        (run, position): (i64, u64),
        attempt: u32,
        refused: &str,
        wait: i64,
    ) -> Decided<Written> {
        let task = self.claimed(lease, (run, position), attempt)?;
        if task.state == TaskState::Cancelled {
            self.rows.remove_task(run, position)?;
        } else {
            let waiting = TaskChange { state: TaskState::Waiting, lease: None, refused: Some((refused, wait)) };
            self.rows.change_task(run, position, &waiting)?;
        }
        Ok(Written::Done)
    }

    /// Ends the attempts that the holder of a lease has claimed, without an outcome: their runs start the next ones.
    pub(super) fn lose_tasks(&mut self, lease: i64) -> Decided<()> {
        for TaskHead { run, position, attempt, state, .. } in self.rows.tasks_of(lease)? {
            if state == TaskState::Cancelled || !self.accepts(run)? {
                self.rows.remove_task(run, position)?;
                continue;
            }
            self.delivered(run, position)?;
            self.rows.insert_item(run, &NewInboxItem::lost(run, position, attempt))?;
        }
        Ok(())
    }

    /// Returns the task if this lease runs this attempt of it.
    fn claimed(&self, lease: Lease, (run, position): (i64, u64), attempt: u32) -> Decided<TaskHead> {
        self.held(lease)?;
        let task = self.rows.task(run, position)?;
        let task = task.filter(|task| task.lease == Some(lease.number) && task.attempt == attempt);
        task.ok_or_else(|| Rejected::Fenced.into())
    }

    fn accepts(&self, run: i64) -> Decided<bool> {
        Ok(self.rows.state(run)?.is_some_and(|run| run.status.accepts()))
    }

    fn delivered(&mut self, run: i64, position: u64) -> Decided<()> {
        let delivered = TaskChange { state: TaskState::Delivered, lease: None, refused: None };
        Ok(self.rows.change_task(run, position, &delivered)?)
    }
}
