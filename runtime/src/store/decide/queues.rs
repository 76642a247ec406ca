//! Queues: which of their tasks start, by limits of all engines together.

use super::{Decided, Decision, KeyChange, Rows, TaskHead};
use crate::store::{Lease, QueueChange, QueueState, Rate, Rejected, TaskRow, TaskState, Written};

/// The most tasks that one claim finds to be due. With more of them, those are claimed first that are due first.
const PROMOTED: usize = 1_000;

impl<R: Rows> Decision<'_, R> {
    pub(super) fn change_queue(&mut self, queue: &str, change: &QueueChange) -> Decided<Written> {
        let state = match (self.rows.queue(queue)?, change) {
            (None, QueueChange::Declare { limits, has_keys }) => {
                if *has_keys {
                    self.give_keys(queue)?;
                }
                let (running, now) = (self.rows.running_in(queue)?, self.rows.now()?);
                QueueState::new(queue, limits.clone(), *has_keys, running, now)
            }
            (None, _) => return Err(Rejected::NoSuchQueue.into()),
            (Some(there), change) => {
                let mut state = there.clone();
                let is_of_keys = matches!(change, QueueChange::PerKey(Some(_)) | QueueChange::Weight { .. });
                if is_of_keys && !there.has_keys {
                    return Err(
                        Rejected::Refused(format!("queue `{queue}` has no key: declare it with `.key(..)`")).into()
                    );
                }
                if there.limits().rate.is_some() {
                    state.refill(self.rows.now()?);
                }
                state.change(change);
                if state == there {
                    return Ok(Written::Done);
                }
                if state.has_keys && !there.has_keys {
                    self.give_keys(queue)?;
                }
                state
            }
        };
        self.rows.put_queue(&state)?;
        Ok(Written::Done)
    }

    /// Claims what the limits of the queue allow.
    pub(super) fn claim_tasks(
        &mut self,
        lease: Lease,
        queue: &str,
        steps: &[String],
        limit: usize,
    ) -> Decided<Written> {
        self.held(lease)?;
        let Some(mut state) = self.rows.queue(queue)? else {
            self.promote(queue)?;
            let claimed = self.claim_in_order(lease.number, queue, steps, limit)?;
            self.claim_runs(lease.number, &claimed)?;
            return Ok(Written::Tasks(claimed));
        };
        if state.limits().rate.is_some() {
            state.refill(self.rows.now()?);
        }
        let room = state.room(limit);
        if room > 0 {
            self.promote(queue)?;
        }
        let claimed = match room {
            0 => Vec::new(),
            _ if state.has_keys => self.claim_in_turns(lease.number, &mut state, steps, room)?,
            _ => self.claim_in_order(lease.number, queue, steps, room)?,
        };
        if !claimed.is_empty() {
            let count = i64::try_from(claimed.len()).unwrap_or(i64::MAX);
            state.running = state.running.saturating_add(count);
            if state.limits().rate.is_some() {
                state.starts = state.starts.saturating_sub(count.saturating_mul(Rate::START));
            }
            self.rows.put_queue(&state)?;
        }
        self.claim_runs(lease.number, &claimed)?;
        Ok(Written::Tasks(claimed))
    }

    /// Has delayed tasks that are due wait for an engine: then a claim finds them by their rank among all others.
    fn promote(&mut self, queue: &str) -> Decided<()> {
        for (key, count) in self.rows.promote(queue, PROMOTED)? {
            let change = KeyChange::of(TaskState::Delayed, -count).and(KeyChange::of(TaskState::Waiting, count));
            self.rows.count_key(queue, &key, change)?;
        }
        Ok(())
    }

    /// Claims tasks of any key. A task may have a key in a queue that is declared without: by another engine, or
    /// before it was moved here.
    fn claim_in_order(&mut self, lease: i64, queue: &str, steps: &[String], limit: usize) -> Decided<Vec<TaskRow>> {
        let claimed = self.rows.claim_tasks(lease, queue, None, steps, limit)?;
        for key in claimed.iter().filter_map(|task| task.key.as_deref()) {
            self.rows.count_key(queue, key, KeyChange { waiting: -1, running: 1, delayed: 0 })?;
        }
        Ok(claimed)
    }

    /// Gives the tasks of a queue that has had no keys until now the empty one.
    fn give_keys(&mut self, queue: &str) -> Decided<()> {
        let given = self.rows.give_keys(queue)?;
        if given == KeyChange::default() {
            return Ok(());
        }
        Ok(self.rows.count_key(queue, "", given)?)
    }

    /// Counts a task that begins to wait in this state, for the first time or again.
    pub(super) fn waits(&mut self, queue: &str, key: Option<&str>, state: TaskState) -> Decided<()> {
        let Some(key) = key else { return Ok(()) };
        Ok(self.rows.count_key(queue, key, KeyChange::of(state, 1))?)
    }

    /// Counts a task that no longer waits and does not run.
    pub(super) fn waits_no_longer(&mut self, task: &TaskHead) -> Decided<()> {
        let Some(key) = &task.key else { return Ok(()) };
        Ok(self.rows.count_key(&task.queue, key, KeyChange::of(task.state, -1))?)
    }

    /// Counts a task that no longer runs; one that has not begun gives back its start.
    pub(super) fn runs_no_longer(&mut self, task: &TaskHead, has_begun: bool) -> Decided<()> {
        if let Some(key) = &task.key {
            self.rows.count_key(&task.queue, key, KeyChange { running: -1, ..KeyChange::default() })?;
        }
        if let Some(mut state) = self.rows.queue(&task.queue)? {
            state.running = (state.running - 1).max(0);
            if !has_begun && let Some(rate) = state.limits().rate {
                state.starts = state.starts.saturating_add(Rate::START).min(rate.most());
            }
            self.rows.put_queue(&state)?;
        }
        Ok(())
    }
}
