//! How runs are activated and evicted, and how events are sent to active ones.

use super::Core;
use crate::engine::{
    active_runs::{ActiveRuns, Outcome, Setting},
    envelope::{DriverEvent, Mailbox},
    sessions::Why,
    timers::Sleeper,
};
use tokio::sync::mpsc;

impl Core {
    /// Makes room for a run in memory; `None` if it is there already.
    pub(crate) fn enter(&self, run: i64) -> Option<Mailbox> {
        self.enter_among(&mut self.active_runs(), run)
    }

    fn enter_among(&self, active: &mut ActiveRuns, run: i64) -> Option<Mailbox> {
        if active.mail.contains_key(&run) {
            return None;
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        active.mail.insert(run, sender.clone());
        let offset = self.clock.offset();
        let offset = active.setting.as_ref().map_or(offset, |setting| setting.offset_of(run, offset));
        Some(Mailbox { sender, receiver, offset })
    }

    /// Another box for the mail of a run in memory: what was said to its last driver is not for the next.
    pub(crate) fn renew(&self, run: i64) -> Mailbox {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.active_runs().mail.insert(run, sender.clone());
        Mailbox { sender, receiver, offset: self.clock.offset() }
    }

    /// A run leaves memory; those that wait for its end look again.
    pub(crate) fn leave(&self, run: i64, outcome: &Outcome) {
        // While the run is still here: a shutdown waits for that.
        self.drop_session(run, outcome);
        let waiters = {
            let mut active = self.active_runs();
            self.timers.set(Sleeper::Run(run), None);
            active.off(run);
            active.waiters.remove(&run)
        };
        for waiter in waiters.into_iter().flatten() {
            // Who no longer waits need not know.
            let _ = waiter.send(outcome.clone());
        }
        self.moved.notify_waiters();
    }

    /// A run leaves memory to come back later, unless something has been said to it meanwhile.
    pub(crate) fn leave_if_quiet(&self, run: i64, mail: &Mailbox) -> bool {
        if self.is_draining() {
            self.drop_session(run, &Outcome::Evicted);
        }
        // Events are sent under this lock.
        let mut active = self.active_runs();
        if !mail.receiver.is_empty() {
            return false;
        }
        self.timers.set(Sleeper::Run(run), None);
        active.off(run);
        let session = active.sessions.take(run);
        drop(active);
        session.drop_values(Why::Away);
        self.moved.notify_waiters();
        true
    }

    /// Drops the live values of a run that leaves.
    fn drop_session(&self, run: i64, outcome: &Outcome) {
        let session = self.active_runs().sessions.take(run);
        session.drop_values(match outcome {
            Outcome::Ended(..) => Why::Ended,
            Outcome::Evicted if self.is_draining() => Why::Stopping,
            Outcome::Evicted => Why::Away,
        });
    }

    /// The time of day was set: runs in memory record it, and those that come into memory from now on go through `setting`.
    pub(crate) fn begin_setting(&self, by: i64) {
        let mut active = self.active_runs();
        active.setting = Some(Setting::new(self.clock.offset()));
        self.clock.set(by);
        for mail in active.mail.values() {
            // It may just be leaving.
            let _ = mail.send(self.envelope(DriverEvent::Due));
        }
    }

    /// Takes the place of a run that does not know yet that the time of day was set; `None` if it does, or will.
    pub(crate) fn enter_setting(&self, run: i64) -> Option<Mailbox> {
        let mut active = self.active_runs();
        let knows = active.setting.as_mut().is_none_or(|setting| setting.reach(run));
        // Under the same lock: a load in between would take the run for one that knows.
        if knows { None } else { self.enter_among(&mut active, run) }
    }

    /// All runs know.
    pub(crate) fn end_setting(&self) {
        self.active_runs().setting = None;
    }

    /// Sends an event to the driver of a run; `false` if the run is not active.
    pub(crate) fn send_event(&self, run: i64, event: DriverEvent) -> bool {
        let active = self.active_runs();
        active.mail.get(&run).is_some_and(|mail| mail.send(self.envelope(event)).is_ok())
    }

    /// Sends an event to the driver of every active run.
    pub(crate) fn send_to_all(&self, event: impl Fn() -> DriverEvent) {
        for mail in self.active_runs().mail.values() {
            // It may just be leaving.
            let _ = mail.send(self.envelope(event()));
        }
    }
}
