//! Drives one run in memory: mail goes into the machine, its appends to the committer, its effects to the world.

use super::bodies::{Attempt, Bodies};
use super::core::{Core, Letter, Mail, Message, Outcome};
use super::fields;
use super::timers::Sleeper;
use crate::error::AttemptCause;
use crate::journal::AttemptOutcome;
use crate::machine::{Effect, Machine};
use crate::session::SessionPolicy;
use crate::store::{Append, Rejected, StoreError, StoreErrorKind, UserCode, Write, Written};
use crate::value::Value;
use std::sync::Arc;
use tokio::sync::mpsc;

/// How a run left memory.
pub(super) enum Left {
    /// It ended or is parked, and all that it wrote is durable; or it was told to leave at once.
    Done(Outcome),
    /// It was evicted or handed back, and is off the books already.
    Gone,
    /// The run belongs to somebody else now.
    Lost,
    /// Its tail could not be written: it must be loaded again once the store works.
    Unwritten(StoreError),
}

/// A run in memory.
pub(super) struct Driver<'a> {
    core: Arc<Core>,
    number: i64,
    run: Machine,
    bodies: Bodies,
    mail: &'a mut Mail,
    due: Option<i64>,
    left: Option<Left>,
    last: Option<Value>,
    draining: bool,
}

impl<'a> Driver<'a> {
    pub(super) fn new(core: Arc<Core>, number: i64, run: Machine, mail: &'a mut Mail) -> Self {
        let bodies = Bodies::new(core.clone(), number, mail.sender.clone(), run.env().clone());
        let (draining, mut run) = (core.is_draining(), run);
        if draining {
            run.hold_transactions();
        }
        Self { core, number, run, bodies, mail, due: None, left: None, last: None, draining }
    }

    /// Drives the run until it leaves memory.
    pub(super) async fn drive(mut self) -> Left {
        self.flush();
        loop {
            if let Some(left) = self.left.take() {
                return left;
            }
            self.arm();
            if self.may_leave() && self.core.leave_if_quiet(self.number, self.mail) {
                // Only now: a wake-up that comes while the run is still here would be lost.
                if let Some(due) = self.run.next_due() {
                    self.core.timers.no_later_than(Sleeper::Evicted, due);
                }
                return Left::Gone;
            }
            let Some(letter) = self.mail.letters.recv().await else { return Left::Lost };
            self.handle(letter.message);
            // What has come meanwhile shares the commit.
            while let Ok(letter) = self.mail.letters.try_recv() {
                self.handle(letter.message);
            }
            self.flush();
        }
    }

    fn handle(&mut self, message: Message) {
        if self.left.is_some() {
            return;
        }
        let now = self.core.now();
        match message {
            Message::Prepared { position, outcome: Ok(()) } => self.bodies.prepared(position),
            // Nobody waits for it any longer.
            Message::Prepared { position, outcome: Err(_) } if !self.run.is_in_flight(position) => {
                self.bodies.tell(position);
            }
            Message::Prepared { outcome: Err(reason), .. } => {
                let run = self.run.identity();
                tracing::warn!(run = %run.id, workflow = %run.workflow, %reason, "the run is parked");
                self.run.park(reason);
            }
            Message::Saved(outcome) => self.run.saved(outcome, now),
            Message::AttemptEnded { position, attempt, outcome } => {
                if self.bodies.ended(position, attempt) {
                    self.run.attempt_ended(position, attempt, outcome, now);
                }
            }
            Message::Durable => {
                let effects = self.run.durable();
                self.perform(effects);
            }
            Message::Transacted(outcome) => {
                let effects = self.run.durable();
                self.perform(effects);
                self.run.transacted(outcome, now);
            }
            Message::Unwritten(error) => self.left = Some(Left::Unwritten(error)),
            Message::Fenced => self.left = Some(Left::Lost),
            Message::Recheck(lease) if self.run.lease().number == lease => self.left = Some(Left::Lost),
            Message::Recheck(_) => {}
            Message::Due => {
                self.due = None;
                for (position, attempt) in self.bodies.time_out(now) {
                    let outcome = AttemptOutcome::Failed {
                        cause: AttemptCause::TimedOut,
                        error: None,
                        message: "the time limit was reached".into(),
                        terminal: false,
                    };
                    self.run.attempt_ended(position, attempt, outcome, now);
                }
                self.run.due(now);
            }
            Message::Inbox(items) => items.into_iter().for_each(|item| self.run.receive(item, now)),
            Message::Foreign => self.run.woken_by_foreign(),
            Message::Move => self.run.move_away(now),
            Message::Drain => {
                self.draining = true;
                self.bodies.drop_waiting();
                self.run.hold_transactions();
            }
            Message::Halt => self.left = Some(Left::Done(Outcome::Left)),
        }
    }

    /// Hands what has happened to the committer.
    fn flush(&mut self) {
        if let Some(append) = self.run.take_append(self.core.now()) {
            if self.run.ended().is_some() {
                self.last = append.entries.last().and_then(|entry| entry.value.clone());
            }
            submit(&self.core, append, self.mail.sender.clone());
        }
        let effects = self.run.take_free_effects();
        self.perform(effects);
        if let Some((context, fields)) = self.run.take_saves() {
            fields::save(&self.core, self.number, context, self.run.env(), fields, self.mail.sender.clone());
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                // Whoever loads the run next starts the body.
                Effect::StartBody { .. } if self.draining => {}
                Effect::StartBody { scope, arguments, timeout, body } => {
                    self.bodies.start(Attempt { scope, arguments, timeout, body }, self.run.context());
                }
                Effect::TellBody { position } => self.bodies.tell(position),
                Effect::Ended => {
                    let outcome =
                        self.run.ended().map_or(Outcome::Left, |status| Outcome::Ended(status, self.last.take()));
                    self.left = Some(Left::Done(outcome));
                }
            }
        }
    }

    /// Keeps the timer of this run at what is due next.
    fn arm(&mut self) {
        let next = [self.run.next_due(), self.bodies.next_deadline()].into_iter().flatten().min();
        if next != self.due {
            self.due = next;
            self.core.timers.set(Sleeper::Run(self.number), next);
        }
    }

    /// Whether nothing but time can move the run, and for so long that memory is better spent on others.
    fn may_leave(&mut self) -> bool {
        if !self.bodies.is_empty() || !self.run.is_settled() || !self.mail.letters.is_empty() {
            return false;
        }
        if self.draining {
            // A load that ends in a shutdown is no sign of trouble.
            self.run.forgive_loads();
            self.flush();
            return self.run.is_settled();
        }
        let Some(due) = self.run.next_due() else { return false };
        if self.core.options.session_policy == SessionPolicy::Keep && !self.run.env().session.is_empty() {
            return false;
        }
        // Coming back costs a replay of the whole history: a wait must be long against that.
        let replay = i64::try_from(self.run.tail() / 50).unwrap_or(i64::MAX);
        let shortest = i64::try_from(self.core.options.evict_after.as_millis()).unwrap_or(i64::MAX);
        due.saturating_sub(self.core.now()) > shortest.max(replay)
    }
}

/// Hands an append to the committer; the answer comes by mail.
fn submit(core: &Arc<Core>, append: Append, mail: mpsc::UnboundedSender<Letter>) {
    let busy = core.busy();
    let courier = core.clone();
    let transaction = append.transaction.is_some();
    core.committer.submit(Write::Append(append), move |answer| {
        let message = match answer {
            Ok(Ok(Written::Transacted { outcome, .. })) => Message::Transacted(outcome),
            Ok(Ok(_)) if transaction => Message::Transacted(UserCode::no_sql()),
            Ok(Ok(_)) => Message::Durable,
            Ok(Err(Rejected::Refused(text))) => Message::Unwritten(StoreError::new(StoreErrorKind::Refused, text)),
            Ok(Err(_)) => Message::Fenced,
            Err(error) => Message::Unwritten(error),
        };
        // The run may have left.
        let _ = mail.send(courier.letter(message));
        drop(busy);
    });
}
