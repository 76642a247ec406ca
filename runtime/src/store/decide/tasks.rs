//! Tasks: attempts of remote steps, which an engine claims under its lease.

use super::{Decided, Decision, Rows, TaskChange, TaskHead};
use crate::store::{Lease, NewInboxItem, QueueState, Rejected, TaskRow, TaskState, Written};

impl<R: Rows> Decision<'_, R> {
    /// Adds an attempt unless it has a row: a run that is loaded again repeats its pending calls. One that waits in
    /// another queue moves to this one, because changed code may have moved its step. One that was kept back waits
    /// again, from when it was due. Ends other attempts of the same call. A cancelled attempt has a row until its engine has ended it.
    pub(super) fn enqueue(&mut self, run: i64, task: &TaskRow) -> Decided<i64> {
        let mut is_there = false;
        for other in self.rows.attempts(run, task.position)? {
            let is_unclaimed = other.state.waits() || other.state == TaskState::Idle;
            if other.attempt == task.attempt && !(is_unclaimed && other.queue != task.queue) {
                is_there = true;
                if other.state == TaskState::Idle {
                    // The next claim looks whether it is due.
                    self.waits(&other.queue, other.key.as_deref(), TaskState::Delayed)?;
                    self.change_state(&other, TaskState::Delayed)?;
                }
            } else {
                self.end_task(&other)?;
            }
        }
        if !is_there {
            self.insert_task(run, task)?;
        }
        Ok(0)
    }

    /// Adds a task. One without a key has the empty one in a queue that has keys.
    pub(super) fn insert_task(&mut self, run: i64, task: &TaskRow) -> Decided<()> {
        let has_keys = |state: QueueState| state.has_keys;
        let key = match &task.key {
            None if self.rows.queue(&task.queue)?.is_some_and(has_keys) => Some(String::new()),
            key => key.clone(),
        };
        let due = task.due.clamp(0, TaskRow::LONGEST);
        let state = TaskState::after(due);
        self.waits(&task.queue, key.as_deref(), state)?;
        Ok(self.rows.insert_task(&TaskRow { run, key, due, state, ..task.clone() })?)
    }

    /// Ends the attempts of a call that its run no longer waits for.
    pub(super) fn dequeue(&mut self, run: i64, position: u64) -> Decided<i64> {
        for task in self.rows.attempts(run, position)? {
            self.end_task(&task)?;
        }
        Ok(0)
    }

    /// Keeps back the attempt of a call that waits for an engine, if it does, until it is enqueued again.
    pub(super) fn withhold(&mut self, run: i64, position: u64) -> Decided<i64> {
        for task in self.rows.attempts(run, position)? {
            if task.state.waits() {
                self.waits_no_longer(&task)?;
                self.change_state(&task, TaskState::Idle)?;
            }
        }
        Ok(0)
    }

    /// Ends an attempt. One that runs is marked, because its engine has to see that; the engine removes it.
    pub(super) fn end_task(&mut self, task: &TaskHead) -> Decided<()> {
        match task.state {
            // No engine drives the run any more.
            _ if task.position == TaskRow::RUN => self.remove(task),
            TaskState::Claimed => {
                let cancelled = TaskChange { state: TaskState::Cancelled, lease: task.lease, refused: None };
                Ok(self.rows.change_task(task, &cancelled)?)
            }
            TaskState::Waiting | TaskState::Delayed | TaskState::Delivered | TaskState::Idle => self.remove(task),
            TaskState::Cancelled => Ok(()),
        }
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
            self.remove(&task)?;
            return Ok(Written::Done);
        }
        self.delivered(&task)?;
        Ok(Written::Number(self.rows.insert_item(item.run, item)?))
    }

    /// Returns a claimed task to its queue.
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
            self.remove(&task)?;
        } else {
            self.runs_no_longer(&task, false)?;
            let state = TaskState::after(wait);
            self.waits(&task.queue, task.key.as_deref(), state)?;
            self.rows.change_task(&task, &TaskChange { state, lease: None, refused: Some((refused, wait)) })?;
        }
        Ok(Written::Done)
    }

    /// Records the progress of a task that its engine runs.
    pub(super) fn report_task(
        &mut self,
        lease: Lease,
        (run, position): (i64, u64),
        attempt: u32,
        progress: &str,
    ) -> Decided<Written> {
        let task = self.claimed(lease, (run, position), attempt)?;
        self.rows.report_task(&task, progress)?;
        Ok(Written::Done)
    }

    /// Ends the attempts that the holder of a lease has claimed, without an outcome: their runs start the next ones. Runs
    /// that are at work keep their room in a queue.
    pub(super) fn lose_tasks(&mut self, lease: i64) -> Decided<()> {
        let tasks = self.rows.tasks_of(lease)?;
        let now = if tasks.is_empty() { 0 } else { self.rows.now()? };
        for task in tasks {
            if task.position == TaskRow::RUN {
                self.inherit_place(&task)?;
                continue;
            }
            if task.state == TaskState::Cancelled || !self.accepts(task.run)? {
                self.remove(&task)?;
                continue;
            }
            self.delivered(&task)?;
            let TaskHead { run, position, attempt, .. } = task;
            self.rows.insert_item(run, &NewInboxItem::lost(run, position, attempt, now))?;
        }
        Ok(())
    }

    /// Returns the task if this lease runs this attempt of it.
    fn claimed(&self, lease: Lease, (run, position): (i64, u64), attempt: u32) -> Decided<TaskHead> {
        self.held(lease)?;
        let mut attempts = self.rows.attempts(run, position)?.into_iter();
        let task = attempts.find(|task| task.lease == Some(lease.number) && task.attempt == attempt);
        task.ok_or_else(|| Rejected::Fenced.into())
    }

    fn accepts(&self, run: i64) -> Decided<bool> {
        Ok(self.rows.state(run)?.is_some_and(|run| run.status.accepts()))
    }

    fn delivered(&mut self, task: &TaskHead) -> Decided<()> {
        self.runs_no_longer(task, true)?;
        let delivered = TaskChange { state: TaskState::Delivered, lease: None, refused: None };
        Ok(self.rows.change_task(task, &delivered)?)
    }

    pub(super) fn remove(&mut self, task: &TaskHead) -> Decided<()> {
        match task.state {
            TaskState::Waiting | TaskState::Delayed => self.waits_no_longer(task)?,
            TaskState::Claimed | TaskState::Cancelled => self.runs_no_longer(task, true)?,
            TaskState::Delivered | TaskState::Idle => {}
        }
        Ok(self.rows.remove_task(task)?)
    }
}
