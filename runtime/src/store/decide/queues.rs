//! Queues: which of their tasks start, by limits of all engines together.

use super::{Decided, Decision, KeyChange, Rows, Served, TaskHead, WaitingKey};
use crate::store::{Lease, QueueChange, QueueState, Rate, Rejected, TaskRow, Written};
use std::collections::HashMap;

/// The most keys that one look at turns returns.
const TURNS: usize = 64;

/// The most keys that one claim looks at in vain: their tasks are not due, or have other steps.
const VAIN: usize = 256;

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
            let claimed = self.claim_in_order(lease.number, queue, steps, limit)?;
            self.claim_runs(lease.number, &claimed)?;
            return Ok(Written::Tasks(claimed));
        };
        if state.limits().rate.is_some() {
            state.refill(self.rows.now()?);
        }
        let room = state.room(limit);
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

    /// Claims tasks of any key. A task may have a key in a queue that is declared without: by another engine, or
    /// before it was moved here.
    fn claim_in_order(&mut self, lease: i64, queue: &str, steps: &[String], limit: usize) -> Decided<Vec<TaskRow>> {
        let claimed = self.rows.claim_tasks(lease, queue, None, steps, limit)?;
        for key in claimed.iter().filter_map(|task| task.key.as_deref()) {
            self.rows.count_key(queue, key, KeyChange { waiting: -1, running: 1, turn: None })?;
        }
        Ok(claimed)
    }

    /// Claims tasks of each key in the order of turns, round after round, until the room is used or nothing is left. A
    /// round gives each key the same number, so that few keys need few rounds.
    fn claim_in_turns(
        &mut self,
        lease: i64,
        state: &mut QueueState,
        steps: &[String],
        room: usize,
    ) -> Decided<Vec<TaskRow>> {
        let per_key = state.limits().per_key.unwrap_or(u32::MAX);
        let (mut claimed, mut vain) = (Vec::new(), Vec::new());
        let mut after = (i64::MIN, String::new());
        while claimed.len() < room && vain.len() < VAIN {
            // A key that was served has a later turn than all others, and comes again in the next round.
            let mut keys = self.rows.turns(&state.queue, per_key, (after.0, &after.1), TURNS)?;
            let left = room - claimed.len();
            keys.truncate(left);
            let Some(last) = keys.last() else { return Ok(claimed) };
            after = (last.turn, last.key.clone());
            let mut of_round = Vec::new();
            match left / keys.len() {
                // More keys than half the room: one statement for all of them.
                1 => {
                    let keys: Vec<&str> = keys.iter().map(|turn| turn.key.as_str()).collect();
                    of_round = self.rows.claim_firsts(lease, &state.queue, &keys, steps)?;
                    // They come in any order.
                    of_round.sort_by_key(|task| keys.iter().position(|key| task.key.as_deref() == Some(key)));
                }
                each => {
                    for WaitingKey { key, running, .. } in &keys {
                        let free = i64::from(per_key).saturating_sub(*running).max(0);
                        let limit = usize::try_from(free).map_or(each, |free| each.min(free));
                        of_round.extend(self.rows.claim_tasks(lease, &state.queue, Some(key), steps, limit)?);
                    }
                }
            }
            vain.extend(self.count_round(state, keys, &of_round)?);
            claimed.extend(of_round);
        }
        if vain.len() >= VAIN {
            self.put_back(state, vain)?;
        }
        Ok(claimed)
    }

    /// Counts the tasks that were claimed of these keys, and gives the keys their next turns. Returns those of which none
    /// was claimed.
    fn count_round(
        &mut self,
        state: &mut QueueState,
        keys: Vec<WaitingKey>,
        claimed: &[TaskRow],
    ) -> Decided<Vec<String>> {
        let mut counts: HashMap<&str, i64> = HashMap::new();
        for key in claimed.iter().filter_map(|task| task.key.as_deref()) {
            *counts.entry(key).or_default() += 1;
        }
        let (mut served, mut vain) = (Vec::new(), Vec::new());
        for WaitingKey { key, .. } in keys {
            match counts.get(key.as_str()) {
                Some(count) => {
                    state.turns += 1;
                    served.push(Served { key, count: *count, turn: state.turns });
                }
                None => vain.push(key),
            }
        }
        if !served.is_empty() {
            self.rows.serve_keys(&state.queue, &served)?;
        }
        Ok(vain)
    }

    /// Gives keys the last turns: the next claim looks at others first.
    fn put_back(&mut self, state: &mut QueueState, keys: Vec<String>) -> Decided<()> {
        let last = keys.into_iter().map(|key| {
            state.turns += 1;
            Served { key, count: 0, turn: state.turns }
        });
        let last: Vec<Served> = last.collect();
        self.rows.serve_keys(&state.queue, &last)?;
        Ok(self.rows.put_queue(state)?)
    }

    /// Gives the tasks of a queue that has had no keys until now the empty one.
    fn give_keys(&mut self, queue: &str) -> Decided<()> {
        let (waiting, running) = self.rows.give_keys(queue)?;
        if waiting + running == 0 {
            return Ok(());
        }
        Ok(self.rows.count_key(queue, "", KeyChange { waiting, running, turn: None })?)
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
