//! How runs enter memory and leave it, and how they are told something there.

use super::Core;
use crate::engine::{
    letter::{Mail, Message},
    residents::{Outcome, Setting},
    sessions::Why,
    timers::Sleeper,
};
use tokio::sync::mpsc;

impl Core {
    /// Makes room for a run in memory; `None` if it is there already.
    pub(crate) fn enter(&self, run: i64) -> Option<Mail> {
        let (sender, letters) = mpsc::unbounded_channel();
        let mut residents = self.residents();
        if residents.mail.contains_key(&run) {
            return None;
        }
        residents.mail.insert(run, sender.clone());
        let offset = self.clock.offset();
        let offset = residents.setting.as_ref().map_or(offset, |setting| setting.offset_of(run, offset));
        Some(Mail { sender, letters, offset })
    }

    /// Another box for the mail of a run in memory: what was said to its last driver is not for the next.
    pub(crate) fn renew(&self, run: i64) -> Mail {
        let (sender, letters) = mpsc::unbounded_channel();
        self.residents().mail.insert(run, sender.clone());
        Mail { sender, letters, offset: self.clock.offset() }
    }

    /// A run leaves memory; who waits for its end is told to look.
    pub(crate) fn leave(&self, run: i64, outcome: &Outcome) {
        // While the run is still here: a shutdown waits for that.
        self.drop_session(run, outcome);
        let waiters = {
            let mut residents = self.residents();
            self.timers.set(Sleeper::Run(run), None);
            residents.off(run);
            residents.waiters.remove(&run)
        };
        for waiter in waiters.into_iter().flatten() {
            // Who no longer waits need not know.
            let _ = waiter.send(outcome.clone());
        }
        self.moved.notify_waiters();
    }

    /// A run leaves memory to come back later, unless something has been said to it meanwhile.
    pub(crate) fn leave_if_quiet(&self, run: i64, mail: &Mail) -> bool {
        if self.is_draining() {
            self.drop_session(run, &Outcome::Left);
        }
        // Whoever says something to a run holds this lock.
        let mut residents = self.residents();
        if !mail.letters.is_empty() {
            return false;
        }
        self.timers.set(Sleeper::Run(run), None);
        residents.off(run);
        let session = residents.sessions.take(run);
        drop(residents);
        session.drop_values(Why::Away);
        self.moved.notify_waiters();
        true
    }

    /// Drops the live values of a run that leaves.
    fn drop_session(&self, run: i64, outcome: &Outcome) {
        let session = self.residents().sessions.take(run);
        session.drop_values(match outcome {
            Outcome::Ended(..) => Why::Ended,
            Outcome::Left if self.is_draining() => Why::Stopping,
            Outcome::Left => Why::Away,
        });
    }

    /// The time of day was set: runs in memory record it, and those that come into memory from now on go through `setting`.
    pub(crate) fn begin_setting(&self, by: i64) {
        let mut residents = self.residents();
        residents.setting = Some(Setting::new(self.clock.offset()));
        self.clock.set(by);
        for mail in residents.mail.values() {
            // It may just be leaving.
            let _ = mail.send(self.letter(Message::Due));
        }
    }

    /// Takes the place of a run that does not know yet that the time of day was set; `None` if it does, or will.
    pub(crate) fn enter_setting(&self, run: i64) -> Option<Mail> {
        let mut residents = self.residents();
        let knows = residents.setting.as_mut().is_none_or(|setting| setting.reach(run));
        drop(residents);
        if knows { None } else { self.enter(run) }
    }

    /// All runs know.
    pub(crate) fn end_setting(&self) {
        self.residents().setting = None;
    }

    /// Says something to a run; `false` if it is not in memory.
    pub(crate) fn tell(&self, run: i64, message: Message) -> bool {
        let residents = self.residents();
        residents.mail.get(&run).is_some_and(|mail| mail.send(self.letter(message)).is_ok())
    }

    /// Says the same to every run in memory.
    pub(crate) fn tell_all(&self, message: impl Fn() -> Message) {
        for mail in self.residents().mail.values() {
            // It may just be leaving.
            let _ = mail.send(self.letter(message()));
        }
    }
}
