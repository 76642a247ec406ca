//! Drives one active run: events go into the machine, its appends to the committer, and its effects are performed.

use super::clock::{AGAIN, Reading};
use super::core::{Core, DriverEvent, Envelope, Mailbox, Outcome};
use super::driving::Driving;
use super::envelope::Successor;
use super::running_attempts::{Attempt, RunningAttempts};
use super::submit::submit;
use super::timers::{Busy, Sleeper};
use super::{attach, continue_as_new, fields, inbox, queued_runs, trace};
use crate::machine::{Effect, Machine};
use crate::metrics::AppendNote;
use crate::record::{InboxKind, ParkReason};
use crate::session::SessionPolicy;
use crate::store::{Append, InboxRow, StoreError};
use crate::value::Value;
use std::sync::{Arc, Weak};
use tokio::sync::OwnedRwLockReadGuard;

/// The reason why a driver exited.
pub(super) enum DriverExit {
    /// The run ended or is parked, and all that it wrote is durable; or it was evicted at once.
    Done(Outcome),
    /// The run was evicted or handed back, and is unregistered already.
    Gone,
    /// Another engine owns the run now.
    Lost,
    /// The last appends could not be written: the run must be loaded again once the store works.
    Unwritten(StoreError),
}

/// The number of rounds of events that are handled before other tasks may run.
const ROUNDS: usize = 8;
/// The number of inbox items read at a time.
const ITEMS: usize = 1_000;
/// The driver of an active run.
pub(super) struct Driver<'a> {
    core: Arc<Core>,
    number: i64,
    run: Box<Machine>,
    attempts: RunningAttempts,
    mail: &'a mut Mailbox,
    /// The time for which the timer is set, on the monotonic clock.
    due: Option<i64>,
    exit: Option<DriverExit>,
    last: Option<Value>,
    draining: bool,
    inbox: Inbox,
    /// Held until the successor is written, so that its contents are not collected as garbage.
    import_gate: Option<OwnedRwLockReadGuard<()>>,
    /// Since when the run has been idle, on the monotonic clock.
    idle: Option<i64>,
    /// The clocks when the last event arrived: reading them costs as much as handling an event.
    reading: Reading,
    /// Whether they were read since the driver has last waited.
    is_read: bool,
}

/// Whether the run's inbox is being read, and whether items have arrived since.
#[derive(Default)]
struct Inbox {
    reading: bool,
    again: bool,
    /// Whether the run is to be resumed, and is loaded again for that.
    resumes: bool,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        core: Arc<Core>,
        number: i64,
        run: Box<Machine>,
        mail: &'a mut Mailbox,
        driving: Weak<Driving>,
    ) -> Self {
        let attempts = RunningAttempts::new(core.clone(), number, mail.sender.clone(), run.env().clone(), driving);
        let (writes, writing) = (mail.sender.clone(), core.clone());
        run.env().outputs.open(move |write, taken| {
            // The driver may have exited: then the step is cancelled.
            let _ = writes.send(writing.envelope(DriverEvent::Wrote(write, taken)));
        });
        let (news, telling) = (mail.sender.clone(), core.clone());
        run.env().state.set_observer(move |state| {
            // The driver may have exited: then no observer learns that the edit is durable.
            let _ = news.send(telling.envelope(DriverEvent::State(state)));
        });
        let (draining, mut run) = (core.is_draining(), run);
        if draining {
            run.hold_transactions();
        }
        let reading = core.clock.read();
        Self {
            core,
            number,
            run,
            attempts,
            mail,
            due: None,
            exit: None,
            last: None,
            draining,
            inbox: Inbox::default(),
            import_gate: None,
            idle: None,
            reading,
            is_read: false,
        }
    }

    /// Drives the run until it is evicted. `loading` is held by the load of the run.
    pub(super) async fn drive(mut self, loading: Option<Busy>) -> DriverExit {
        // A clock that skips sleeps stops until the run has set its timer or is evicted.
        let mut busy = loading.or_else(|| self.core.busy());
        self.run.tick(self.reading.wall, self.reading.elapsed, self.reading.offset);
        self.flush();
        loop {
            if let Some(left) = self.exit.take() {
                return left;
            }
            let may_leave = self.may_leave();
            self.arm();
            if may_leave && self.leaves() {
                return DriverExit::Gone;
            }
            drop(busy);
            let Some(Envelope { event, busy: of_event }) = self.mail.receiver.recv().await else {
                return DriverExit::Lost;
            };
            busy = of_event;
            self.is_read = false;
            self.handle(event);
            for _ in 0..ROUNDS {
                // Events that have arrived meanwhile share the commit.
                while let Ok(envelope) = self.mail.receiver.try_recv() {
                    self.handle(envelope.event);
                }
                self.flush();
                // A store that does not wait has answered by now.
                if self.exit.is_some() || self.mail.receiver.is_empty() {
                    break;
                }
            }
        }
    }

    fn read_clocks(&mut self) {
        self.reading = self.core.clock.read();
        self.is_read = true;
        let Reading { wall, elapsed, offset } = self.reading;
        self.run.tick(wall, elapsed, offset);
    }

    fn handle(&mut self, event: DriverEvent) {
        if self.exit.is_some() {
            return;
        }
        // A commit that was answered at once is as late as what it commits.
        if !self.is_read || !matches!(event, DriverEvent::Durable(..)) {
            self.read_clocks();
        }
        let now = self.reading.wall;
        match event {
            DriverEvent::Prepared { position, outcome } => self.prepared(position, outcome),
            DriverEvent::Saved(outcome) => self.run.saved(outcome, now),
            DriverEvent::AttemptEnded { position, attempt, outcome } => {
                if self.attempts.ended(position, attempt) {
                    self.run.attempt_ended(position, attempt, outcome, now);
                }
            }
            DriverEvent::Durable(outcomes, spent) => {
                drop(spent);
                let effects = self.run.durable(outcomes, now);
                self.perform(effects);
            }
            DriverEvent::Transacted(outcomes, outcome) => {
                let effects = self.run.durable(outcomes, now);
                self.perform(effects);
                self.run.transacted(outcome, now);
            }
            DriverEvent::Unwritten(error) => self.exit = Some(DriverExit::Unwritten(error)),
            DriverEvent::Fenced => self.exit = Some(DriverExit::Lost),
            DriverEvent::Recheck(lease) if self.run.lease().number == lease => self.exit = Some(DriverExit::Lost),
            DriverEvent::Recheck(_) => {}
            DriverEvent::Due => {
                self.due = None;
                self.run.due(now);
            }
            DriverEvent::Look => self.look(),
            DriverEvent::Inbox(items) => self.found(items, now),
            DriverEvent::Attached { position, id, outcome } => self.run.attached(position, id, outcome, now),
            DriverEvent::Successor(Ok(Successor { run, import_gate })) => {
                self.import_gate = Some(import_gate);
                self.run.replaced_by(run, now);
            }
            DriverEvent::Successor(Err(reason)) => self.run.park(reason),
            DriverEvent::Wrote(write, taken) => {
                self.run.step_wrote(write, now);
                // The step may have ended.
                let _ = taken.send(());
            }
            DriverEvent::State(news) => self.run.state_event(news, now),
            DriverEvent::Foreign => self.run.woken_by_foreign(),
            DriverEvent::Move => self.run.move_away(now),
            DriverEvent::Drain => {
                self.draining = true;
                self.attempts.drop_waiting();
                self.run.hold_transactions();
            }
            DriverEvent::Stop(stopped) => self.attempts.stop(&stopped),
            DriverEvent::Halt => self.exit = Some(DriverExit::Done(Outcome::Evicted)),
        }
    }

    /// Starts an attempt whose inputs are prepared, or parks the run if they cannot be.
    fn prepared(&mut self, position: u64, outcome: Result<(), ParkReason>) {
        match outcome {
            Ok(()) => self.attempts.prepared(position),
            // The call was dropped meanwhile.
            Err(_) if !self.run.is_in_flight(position) => self.attempts.cancel(position),
            Err(reason) => {
                let run = self.run.identity();
                tracing::warn!(run = %run.id, workflow = %run.workflow, %reason, "the run is parked");
                self.run.park(reason);
            }
        }
    }

    /// Submits what has happened to the committer.
    fn flush(&mut self) {
        if let Some(append) = self.run.take_append(self.reading.wall) {
            trace::entries(self.run.identity(), &append);
            let note = self.note(&append);
            if self.run.ended().is_some() {
                self.last = append.entries.last().and_then(|entry| entry.value.clone());
            }
            submit(&self.core, append, note, self.run.first_run(), self.mail.sender.clone());
        }
        let effects = self.run.take_free_effects();
        self.perform(effects);
        if let Some((context, fields)) = self.run.take_saves() {
            fields::save(&self.core, self.number, context, self.run.env(), fields, self.mail.sender.clone());
        }
    }

    /// Notes what an append says for the metrics, which count it once it is durable.
    fn note(&mut self, append: &Append) -> AppendNote {
        let (identity, mut calls) = (self.run.identity().clone(), std::mem::take(&mut self.run.calls));
        let note = AppendNote::of(&identity, append, &mut calls, || self.run.context_bytes());
        self.run.calls = calls;
        note
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                // The next load of the run starts the attempt.
                Effect::StartAttempt { .. } | Effect::StartRun { .. } if self.draining => {}
                Effect::StartAttempt { step, scope, arguments, timeout, body } => {
                    self.attempts.start(Attempt { step, scope, arguments, timeout, body }, self.run.context());
                }
                Effect::CancelAttempt { position } => self.attempts.cancel(position),
                Effect::TaskWaits => self.core.look_for_tasks(),
                Effect::TaskCancelled => self.core.look_for_cancelled_tasks(),
                Effect::StartRun { number } => drop(self.core.load(number)),
                Effect::Attach { position, id, row, workflow, input, recode } => {
                    let wanted = attach::Wanted { position, id, row, workflow, input, recode };
                    attach::compare(&self.core, wanted, self.mail.sender.clone());
                }
                Effect::Replace { with, kept } => {
                    let continuation = continue_as_new::Continuation { with, kept };
                    continue_as_new::successor(&self.core, self.number, continuation, self.mail.sender.clone());
                }
                Effect::Ended => {
                    // First of all: a clock that skips sleeps would jump to a timer that no longer matters.
                    self.core.timers.set(Sleeper::Run(self.number), None);
                    let outcome =
                        self.run.ended().map_or(Outcome::Evicted, |status| Outcome::Ended(status, self.last.take()));
                    self.exit = Some(DriverExit::Done(outcome));
                }
            }
        }
    }

    /// Reads the inbox, one read at a time.
    fn look(&mut self) {
        if self.inbox.reading {
            self.inbox.again = true;
            return;
        }
        self.inbox.reading = true;
        let (core, mail, busy) = (self.core.clone(), self.mail.sender.clone(), self.core.busy());
        let (number, after, fields) = (self.number, self.run.read_to(), self.run.env().fields.clone());
        self.core.runtime.spawn(async move {
            let of_run = fields.clone();
            let mut items = core.read(move |store| inbox::items(store, number, &of_run, after, ITEMS)).await;
            if let Ok(items) = &mut items {
                inbox::load_results(&core, number, &fields, items).await;
            }
            if let Err(error) = &items {
                tracing::warn!(run = number, %error, "the inbox cannot be read now");
                core.pause(AGAIN).await;
            }
            // The driver may have exited.
            let _ = mail.send(core.envelope(DriverEvent::Inbox(items.ok())));
            drop(busy);
        });
    }

    fn found(&mut self, items: Option<Vec<InboxRow>>, now: i64) {
        let more = items.as_ref().is_none_or(|items| items.len() == ITEMS);
        let again = std::mem::take(&mut self.inbox).again;
        for item in items.into_iter().flatten() {
            // It needs room in its queue to go on.
            if item.kind == InboxKind::Resume && self.run.is_paused() && self.core.tasks.queued.is_without(self.number)
            {
                self.inbox.resumes = true;
                return;
            }
            self.run.receive(item, now);
        }
        if more || again {
            self.look();
        }
    }

    /// Sets the timer of this run to what is due next.
    fn arm(&mut self) {
        let next = self.next_due(self.reading).into_iter().chain(self.leaves_at()).min();
        if next != self.due {
            self.due = next;
            self.core.timers.set(Sleeper::Run(self.number), next);
        }
    }

    /// Returns whether only time or a message can advance the run, and the wait is long enough to evict it.
    fn may_leave(&mut self) -> bool {
        let quiet = self.attempts.is_empty() && self.run.is_settled() && !self.inbox.reading;
        if !quiet || !self.mail.receiver.is_empty() {
            self.idle = None;
            return false;
        }
        if self.draining || self.inbox.resumes {
            return true;
        }
        // Live values do not survive an eviction.
        if self.core.options.session_policy == SessionPolicy::Keep && !self.run.env().session.is_empty() {
            return false;
        }
        if self.run.is_paused() {
            return true;
        }
        let now = self.reading.elapsed;
        match self.next_due(self.reading) {
            Some(due) => due.saturating_sub(now) > self.shortest_absence(),
            // It is unknown when a message will arrive: the run is evicted after being idle for as long.
            None => *self.idle.get_or_insert(now) <= now.saturating_sub(self.shortest_absence()),
        }
    }

    /// Returns the next due time, on the monotonic clock.
    fn next_due(&self, reading: Reading) -> Option<i64> {
        self.run.next_elapsed(|moment| reading.elapsed_at(moment))
    }

    /// Returns the shortest wait for which the run is evicted, in milliseconds: long against a replay of its history.
    fn shortest_absence(&self) -> i64 {
        // What it waits with is for others.
        if self.core.tasks.queued.gives_back(self.number) {
            return 0;
        }
        let replay = i64::try_from(self.run.tail() / 50).unwrap_or(i64::MAX);
        let shortest = i64::try_from(self.core.options.evict_after.as_millis()).unwrap_or(i64::MAX);
        shortest.max(replay)
    }

    /// Evicts the run, unless an event has arrived.
    fn leaves(&mut self) -> bool {
        // A clock that skips sleeps stops until the timer for evicted runs is set.
        let _busy = self.core.busy();
        let left =
            queued_runs::left(&self.core, self.number, false, || self.core.leave_if_quiet(self.number, self.mail));
        // Only now: a timer that fires while the run is still active would be lost.
        if left && let Some(due) = self.next_due(self.core.clock.read()) {
            self.core.timers.no_later_than(Sleeper::Evicted, due);
        }
        if left && self.inbox.resumes {
            self.core.load(self.number);
        }
        left
    }

    /// Returns when an idle run that waits for no timer is evicted.
    fn leaves_at(&self) -> Option<i64> {
        let idle = self.idle.filter(|_| self.run.next_due().is_none())?;
        Some(idle.saturating_add(self.shortest_absence()))
    }
}
