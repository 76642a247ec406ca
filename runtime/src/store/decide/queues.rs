//! Queues: which of their tasks start, by limits of all engines together.

use super::{Decided, Decision, KeyChange, Rows, TaskHead};
use crate::store::{Lease, QueueChange, QueueState, Rate, Rejected, TaskRow, Written};

/// The most keys that one look at turns returns.
const TURNS: usize = 64;

impl<R: Rows> Decision<'_, R> {
    pub(super) fn change_queue(&mut self, queue: &str, change: &QueueChange) -> Decided<Written> {
        let state = match (self.rows.queue(queue)?, change) {
            (None, QueueChange::Declare { limits, has_keys }) => {
                let (running, now) = (self.rows.running_in(queue)?, self.rows.now()?);
                QueueState::new(queue, limits.clone(), *has_keys, running, now)
            }
            (None, _) => return Err(Rejected::NoSuchRun.into()),
            (Some(there), change) => {
                let mut state = there.clone();
                if let (QueueChange::PerKey(Some(_)), false) = (change, there.has_keys) {
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
            return Ok(Written::Tasks(self.rows.claim_tasks(lease.number, queue, None, steps, limit)?));
        };
        if state.limits().rate.is_some() {
            state.refill(self.rows.now()?);
        }
        let room = state.room(limit);
        let claimed = match room {
            0 => Vec::new(),
            _ if state.has_keys => self.claim_in_turns(lease.number, &mut state, steps, room)?,
            _ => self.rows.claim_tasks(lease.number, queue, None, steps, room)?,
        };
        if !claimed.is_empty() {
            let count = i64::try_from(claimed.len()).unwrap_or(i64::MAX);
            state.running = state.running.saturating_add(count);
            if state.limits().rate.is_some() {
                state.starts = state.starts.saturating_sub(count.saturating_mul(Rate::START));
            }
            self.rows.put_queue(&state)?;
        }
        Ok(Written::Tasks(claimed))
    }

    /// Claims one task of each key in the order of turns, round after round, until the room is used or nothing is
    /// claimed.
    fn claim_in_turns(
        &mut self,
        lease: i64,
        state: &mut QueueState,
        steps: &[String],
        room: usize,
    ) -> Decided<Vec<TaskRow>> {
        let per_key = state.limits().per_key.unwrap_or(u32::MAX);
        let mut claimed = Vec::new();
        loop {
            let (before, mut after) = (claimed.len(), i64::MIN);
            // A key that is served in this round gets a later turn, and is served again in the next one.
            let last = state.turns;
            loop {
                let keys = self.rows.turns(&state.queue, per_key, after, TURNS)?;
                let Some((_, turn)) = keys.last() else { break };
                after = *turn;
                for (key, turn) in keys {
                    if claimed.len() == room || turn > last {
                        break;
                    }
                    let tasks = self.rows.claim_tasks(lease, &state.queue, Some(&key), steps, 1)?;
                    let Some(task) = tasks.into_iter().next() else { continue };
                    state.turns += 1;
                    let change = KeyChange { waiting: -1, running: 1, turn: Some(state.turns) };
                    self.rows.count_key(&state.queue, &key, change)?;
                    claimed.push(task);
                }
                if claimed.len() == room || after > last {
                    break;
                }
            }
            if claimed.len() == room || claimed.len() == before {
                return Ok(claimed);
            }
        }
    }

    /// Counts a task that begins to wait, for the first time or again.
    pub(super) fn waits(&mut self, queue: &str, key: Option<&str>) -> Decided<()> {
        let Some(key) = key else { return Ok(()) };
        Ok(self.rows.count_key(queue, key, KeyChange { waiting: 1, ..KeyChange::default() })?)
    }

    /// Counts a task that no longer waits and does not run.
    pub(super) fn waits_no_longer(&mut self, task: &TaskHead) -> Decided<()> {
        let Some(key) = &task.key else { return Ok(()) };
        Ok(self.rows.count_key(&task.queue, key, KeyChange { waiting: -1, ..KeyChange::default() })?)
    }

    /// Counts a task that no longer runs.
    pub(super) fn runs_no_longer(&mut self, task: &TaskHead) -> Decided<()> {
        if let Some(key) = &task.key {
            self.rows.count_key(&task.queue, key, KeyChange { running: -1, ..KeyChange::default() })?;
        }
        if let Some(mut state) = self.rows.queue(&task.queue)? {
            state.running = (state.running - 1).max(0);
            self.rows.put_queue(&state)?;
        }
        Ok(())
    }
}
