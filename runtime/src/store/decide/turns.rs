//! Keys of a queue take turns.

use super::{Decided, Decision, Rows, Served, WaitingKey};
use crate::store::{QueueLimits, QueueState, TaskRow};
use std::collections::HashMap;

/// The most keys that one look at turns returns.
const TURNS: usize = 64;

/// The most keys that one claim looks at in vain: their tasks are not due, or have other steps.
const VAIN: usize = 256;

/// A key whose turn it is.
struct Share {
    key: WaitingKey,
    /// How many of its tasks may be claimed.
    most: usize,
    weight: i64,
}

impl Share {
    /// Returns the next turn of the key, of which so many tasks were claimed. It stays where it is until it has had as many
    /// as its weight, or has no more.
    fn next_turn(&self, claimed: i64, state: &mut QueueState) -> i64 {
        let has_more = usize::try_from(claimed).is_ok_and(|claimed| claimed == self.most);
        let had = self.key.turn.rem_euclid(QueueState::TURN) + claimed;
        if has_more && had < self.weight { self.key.turn + claimed } else { state.next_turn() }
    }
}

impl<R: Rows> Decision<'_, R> {
    /// Claims tasks of each key in the order of turns, round after round, until the room is used or nothing is left. A
    /// claim with much room makes several rounds in one, so that few keys need few statements.
    pub(super) fn claim_in_turns(
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
            let keys = self.rows.turns(&state.queue, per_key, (after.0, &after.1), TURNS)?;
            let shares = shares(keys, state.limits(), room - claimed.len());
            let Some(last) = shares.last() else { return Ok(claimed) };
            after = (last.key.turn, last.key.key.clone());
            let of_round = self.claim_shares(lease, &state.queue, &shares, steps)?;
            vain.extend(self.count_round(state, shares, &of_round)?);
            claimed.extend(of_round);
        }
        if vain.len() >= VAIN {
            self.put_back(state, vain)?;
        }
        Ok(claimed)
    }

    /// Claims the tasks of a round, in the order of turns: in one statement those of which one of a key may be claimed.
    fn claim_shares(&mut self, lease: i64, queue: &str, shares: &[Share], steps: &[String]) -> Decided<Vec<TaskRow>> {
        let (ones, more): (Vec<&Share>, Vec<&Share>) = shares.iter().partition(|share| share.most == 1);
        let keys: Vec<&str> = ones.iter().map(|share| share.key.key.as_str()).collect();
        let mut claimed = match keys[..] {
            [] => Vec::new(),
            _ => self.rows.claim_firsts(lease, queue, &keys, steps)?,
        };
        for Share { key, most, .. } in more {
            claimed.extend(self.rows.claim_tasks(lease, queue, Some(&key.key), steps, *most)?);
        }
        let places: HashMap<&str, usize> =
            shares.iter().enumerate().map(|(place, share)| (share.key.key.as_str(), place)).collect();
        claimed.sort_by_key(|task| task.key.as_deref().and_then(|key| places.get(key).copied()));
        Ok(claimed)
    }

    /// Counts the tasks that were claimed of these keys, and gives the keys their next turns. Returns those of which none
    /// was claimed.
    fn count_round(&mut self, state: &mut QueueState, shares: Vec<Share>, claimed: &[TaskRow]) -> Decided<Vec<String>> {
        let mut counts: HashMap<&str, i64> = HashMap::new();
        for key in claimed.iter().filter_map(|task| task.key.as_deref()) {
            *counts.entry(key).or_default() += 1;
        }
        let (mut served, mut vain) = (Vec::new(), Vec::new());
        for share in shares {
            match counts.get(share.key.key.as_str()) {
                Some(count) => {
                    let turn = share.next_turn(*count, state);
                    served.push(Served { key: share.key.key, count: *count, turn });
                }
                None => vain.push(share.key.key),
            }
        }
        if !served.is_empty() {
            self.rows.serve_keys(&state.queue, &served)?;
        }
        Ok(vain)
    }

    /// Gives keys the last turns: the next claim looks at others first.
    fn put_back(&mut self, state: &mut QueueState, keys: Vec<String>) -> Decided<()> {
        let last = keys.into_iter().map(|key| Served { key, count: 0, turn: state.next_turn() });
        let last: Vec<Served> = last.collect();
        self.rows.serve_keys(&state.queue, &last)?;
        Ok(self.rows.put_queue(state)?)
    }
}

/// Returns how many tasks of each key may be claimed, for as many of the keys as there is room.
fn shares(keys: Vec<WaitingKey>, limits: &QueueLimits, room: usize) -> Vec<Share> {
    let weight = |key: &WaitingKey| limits.weights.get(&key.key).map_or(1, |weight| i64::from(*weight));
    // A key may have had a part of what its turn allows.
    let left_of = |key: &WaitingKey| (weight(key) - key.turn.rem_euclid(QueueState::TURN)).max(1);
    let (all_left, all): (i64, i64) =
        keys.iter().fold((0, 0), |(left, all), key| (left + left_of(key), all + weight(key)));
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    let more_rounds = if all == 0 { 0 } else { ((room - all_left) / all).max(0) };
    let mut left = room;
    let shares = keys.into_iter().map_while(|key| {
        let weight = weight(&key);
        let free = limits.per_key.map_or(i64::MAX, |per_key| (i64::from(per_key) - key.running).max(0));
        let most = (left_of(&key) + more_rounds * weight).min(free).min(left);
        left -= most;
        (most > 0).then(|| Share { key, most: usize::try_from(most).unwrap_or(usize::MAX), weight })
    });
    shares.collect()
}
