//! Waits for the end of a run or for another try, and the reasons why active runs are blocked.

use super::{ActiveRuns, Core, Outcome};
use std::time::Duration;
use tokio::sync::oneshot;

impl Core {
    /// Returns the reason why a run is blocked at the moment, for people; `None` if it is not.
    pub(crate) fn set_blocked(&self, run: i64, blocked: Option<String>) {
        let now = self.now();
        let mut active = self.active_runs();
        match blocked {
            Some(blocked) if active.mail.contains_key(&run) => {
                let since = active.blocked.get(&run).map_or(now, |(_, since)| *since);
                active.blocked.insert(run, (blocked, since));
            }
            _ => drop(active.blocked.remove(&run)),
        }
    }

    pub(crate) fn blocked(&self, run: i64) -> Option<String> {
        self.blocked_since(run).map(|(blocked, _)| blocked).or_else(|| self.suspects.blocked(run))
    }

    /// Returns the reason why an active run is blocked, and since when, in milliseconds since 1970.
    pub(crate) fn blocked_since(&self, run: i64) -> Option<(String, i64)> {
        self.active_runs().blocked.get(&run).cloned()
    }

    /// Returns the active runs that are blocked, each with the reason.
    pub(crate) fn blocked_runs(&self) -> Vec<(i64, String)> {
        let active = self.active_runs();
        let mut runs: Vec<_> = active.blocked.iter().map(|(run, (why, _))| (*run, why.clone())).collect();
        runs.sort_unstable();
        runs
    }

    /// Registers a wait for the end of a run, and returns whether the run is active.
    pub(crate) fn wait_for(&self, run: i64) -> (oneshot::Receiver<Outcome>, bool) {
        let (sender, ended) = oneshot::channel();
        let mut active = self.active_runs();
        let waiters = active.waiters.entry(run).or_default();
        waiters.retain(|waiter| !waiter.is_closed());
        waiters.push(sender);
        (ended, active.mail.contains_key(&run))
    }

    /// Ends a wait, and drops closed waits for this run.
    pub(crate) fn stop_waiting(&self, run: i64, ended: oneshot::Receiver<Outcome>) {
        drop(ended);
        let mut active = self.active_runs();
        if let Some(waiters) = active.waiters.get_mut(&run) {
            waiters.retain(|waiter| !waiter.is_closed());
            if waiters.is_empty() {
                active.waiters.remove(&run);
            }
        }
    }

    /// Notes that the run of a wait is not driven here.
    pub(crate) fn waits_far(&self, run: i64) {
        self.active_runs().far.insert(run);
    }

    /// Returns the runs of other engines that are waited for.
    pub(crate) fn far_waits(&self) -> Vec<i64> {
        let ActiveRuns { far, waiters, mail, .. } = &mut *self.active_runs();
        far.retain(|run| {
            let waiters = waiters.get(run).is_some_and(|waiters| waiters.iter().any(|waiter| !waiter.is_closed()));
            waiters && !mail.contains_key(run)
        });
        far.iter().copied().collect()
    }

    /// Wakes every wait for the end of this run to check again.
    pub(crate) fn tell_waiters_of(&self, run: i64) {
        let waiters = self.active_runs().waiters.remove(&run);
        for waiter in waiters.into_iter().flatten() {
            // The waiter may have gone.
            let _ = waiter.send(Outcome::Evicted);
        }
    }

    /// Wakes every wait for the end of a run to check again: another engine may own the run now, or none.
    pub(crate) fn tell_waiters(&self) {
        let waiters = std::mem::take(&mut self.active_runs().waiters);
        for waiter in waiters.into_values().flatten() {
            let _ = waiter.send(Outcome::Evicted);
        }
    }

    /// Waits before a retry; `false` if the engine is stopping.
    pub(crate) async fn pause(&self, wait: Duration) -> bool {
        let stopping = self.stopping.notified();
        if !self.is_draining() {
            // The check below finds out which of the two it was.
            let _ = tokio::time::timeout(wait, stopping).await;
        }
        !self.is_draining()
    }
}
