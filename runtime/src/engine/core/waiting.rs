//! Who waits: for the end of a run, for another try, and what runs in memory are kept by.

use super::{Core, Outcome};
use std::time::Duration;
use tokio::sync::oneshot;

impl Core {
    /// What keeps a run from going on at the moment, for people; `None` when nothing does.
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

    /// The same, and since when in milliseconds since 1970.
    pub(crate) fn blocked_since(&self, run: i64) -> Option<(String, i64)> {
        self.active_runs().blocked.get(&run).cloned()
    }

    /// Waits for the end of a run, and says whether it is in memory now.
    pub(crate) fn wait_for(&self, run: i64) -> (oneshot::Receiver<Outcome>, bool) {
        let (sender, ended) = oneshot::channel();
        let mut active = self.active_runs();
        let waiters = active.waiters.entry(run).or_default();
        waiters.retain(|waiter| !waiter.is_closed());
        waiters.push(sender);
        (ended, active.mail.contains_key(&run))
    }

    /// Nobody waits any longer; what is kept of closed waits for this run is dropped.
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

    /// Every wait for the end of a run looks again: another engine may have it now, or nobody.
    pub(crate) fn tell_waiters(&self) {
        let waiters = std::mem::take(&mut self.active_runs().waiters);
        for waiter in waiters.into_values().flatten() {
            let _ = waiter.send(Outcome::Evicted);
        }
    }

    /// Waits before something is tried again; `false` if the engine is stopping.
    pub(crate) async fn pause(&self, wait: Duration) -> bool {
        let stopping = self.stopping.notified();
        if !self.is_draining() {
            // Which of the two it was shows in a moment.
            let _ = tokio::time::timeout(wait, stopping).await;
        }
        !self.is_draining()
    }
}
