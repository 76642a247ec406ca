//! Activates and evicts runs, and sends events to the active ones.

use super::Core;
use crate::engine::{
    active_runs::{ActiveRuns, Outcome, Setting},
    envelope::{DriverEvent, Mailbox},
    sessions::Why,
    timers::Sleeper,
};
use tokio::sync::mpsc;

impl Core {
    /// Registers a run as active; `None` if it is active already.
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

    /// Replaces the mailbox of an active run: events for its last driver are not for the next one.
    pub(crate) fn renew(&self, run: i64) -> Mailbox {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.active_runs().mail.insert(run, sender.clone());
        Mailbox { sender, receiver, offset: self.clock.offset() }
    }

    /// Evicts a run and notifies those that wait for its end.
    pub(crate) fn leave(&self, run: i64, outcome: &Outcome) {
        self.leave_unless(run, outcome, || false);
    }

    /// Evicts a run that is not to be driven and notifies those that wait for its end, unless an event has been sent to it
    /// meanwhile.
    pub(crate) fn leave_unless_sent(&self, run: i64, mail: &Mailbox) -> bool {
        // Events are sent under the lock of the active runs, so none can arrive after the check.
        self.leave_unless(run, &Outcome::Evicted, || !mail.receiver.is_empty())
    }

    fn leave_unless(&self, run: i64, outcome: &Outcome, stays: impl FnOnce() -> bool) -> bool {
        // Before the run is removed: a shutdown waits until no run is active.
        self.drop_session(run, outcome);
        let waiters = {
            let mut active = self.active_runs();
            if stays() {
                return false;
            }
            self.timers.set(Sleeper::Run(run), None);
            active.off(run);
            active.waiters.remove(&run)
        };
        for waiter in waiters.into_iter().flatten() {
            // The waiter may have gone.
            let _ = waiter.send(outcome.clone());
        }
        self.moved.notify_waiters();
        true
    }

    /// Evicts a run that will be activated again, unless an event has been sent to it meanwhile.
    pub(crate) fn leave_if_quiet(&self, run: i64, mail: &Mailbox) -> bool {
        if self.is_draining() {
            self.drop_session(run, &Outcome::Evicted);
        }
        // Events are sent under this lock, so none can arrive after the check.
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

    /// Drops the live values of a run that is evicted.
    fn drop_session(&self, run: i64, outcome: &Outcome) {
        let session = self.active_runs().sessions.take(run);
        session.drop_values(match outcome {
            Outcome::Ended(..) => Why::Ended,
            Outcome::Evicted if self.is_draining() => Why::Stopping,
            Outcome::Evicted => Why::Away,
        });
    }

    /// Begins a change of the wall clock: active runs record it, and later activations consult `setting`.
    pub(crate) fn begin_setting(&self, by: i64) {
        let mut active = self.active_runs();
        active.setting = Some(Setting::new(self.clock.offset()));
        self.clock.set(by);
        for mail in active.mail.values() {
            // The driver may just be exiting.
            let _ = mail.send(self.envelope(DriverEvent::Due));
        }
    }

    /// Registers a run as active if it has not recorded the change of the wall clock; `None` if it has, or will.
    pub(crate) fn enter_setting(&self, run: i64) -> Option<Mailbox> {
        let mut active = self.active_runs();
        let knows = active.setting.as_mut().is_none_or(|setting| setting.reach(run));
        // Under the same lock: `enter` in between would take the run for one that has recorded the change.
        if knows { None } else { self.enter_among(&mut active, run) }
    }

    /// Ends the change: all runs have recorded it.
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
            // The driver may just be exiting.
            let _ = mail.send(self.envelope(event()));
        }
    }
}
