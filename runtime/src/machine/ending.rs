//! Ends a run early: its body is replaced by the workflow's `on_cancel` step, or the run ends at once.

use super::Machine;
use super::delivered::Delivered;
use super::effect::Effect;
use super::waker::RunWaker;
use crate::journal::{BodyEnd, OnEnd};
use crate::record::{Delivers, Kind, ParkReason};
use crate::store::{EntryRow, RunRow, Status};
use crate::value::Value;
use futures_util::FutureExt;

/// An early end of a run.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    status: Status,
    kind: Kind,
    reason: Option<Value>,
}

impl Ending {
    /// Returns the early end that an entry causes.
    pub(super) fn of(entry: &EntryRow) -> Option<Self> {
        let reason = entry.value.clone();
        match entry.kind.delivers() {
            Delivers::Cancel => Some(Self { status: Status::Cancelled, kind: Kind::RunCancelled, reason }),
            Delivers::Deadline => Some(Self { status: Status::TimedOut, kind: Kind::RunTimedOut, reason }),
            Delivers::Nothing
            | Delivers::Start
            | Delivers::Result
            | Delivers::Failure
            | Delivers::Time
            | Delivers::Arrival
            | Delivers::Refusal
            | Delivers::ChildEnd
            | Delivers::Message
            | Delivers::Event
            | Delivers::Answer
            | Delivers::Expiry => None,
        }
    }

    fn describe(&self) -> String {
        match &self.reason {
            Some(reason) => serde_json::from_slice(&reason.bytes).unwrap_or_default(),
            None => "the deadline was reached".to_owned(),
        }
    }
}

/// The end of a run, or its stop.
#[derive(Default)]
pub(super) struct Fate {
    /// The step that replaces the body when the run is cancelled or its time is over.
    pub(super) on_end: Option<OnEnd>,
    /// The early end in progress.
    pub(super) ending: Option<Ending>,
    /// The status with which it has ended.
    pub(super) ended: Option<Status>,
    /// The reason for parking the run; nothing more is delivered.
    pub(super) parked: Option<ParkReason>,
    /// A turn that was delivered when the run was parked, and whose group was not recorded.
    pub(super) unfinished: Option<u64>,
    /// Whether the append that ends or parks the run was taken.
    pub(super) closed: bool,
}

impl Fate {
    /// Restores the state of a run that may have been parked.
    pub(super) fn of(row: &RunRow) -> Self {
        let parked = row.parked.as_deref().and_then(ParkReason::from_json);
        Self { unfinished: parked.and_then(|reason| reason.unfinished), ..Self::default() }
    }
}

impl Machine {
    /// Ends the run early, between two turns. Its steps and its children are notified.
    pub(super) fn end_early(&mut self, kind: Kind, reason: Option<Value>, now: i64) {
        if self.fate.ending.is_some() {
            return;
        }
        let asked = self.entry(kind, now, |entry| entry.value.clone_from(&reason));
        let (cause, at) = (asked.seq, asked.at);
        let ending = Ending::of(&asked);
        self.unwritten.entries.push(asked);
        self.unwritten.progressed = true;
        let Some(ending) = ending else { return };
        let said = reason.unwrap_or_else(|| Value::text(&ending.describe()));
        self.notify_children(Some(&said), now);
        self.cancel_attempts();
        self.dequeue_all();
        self.held_back.paused = false;
        self.give_way(ending);
        if self.future.is_some() {
            self.live_turn(cause, at, Delivered::Nothing);
        } else {
            self.finish_ending(cause);
        }
    }

    /// Drops the body with all its calls; the workflow's step for an early end replaces it.
    pub(super) fn give_way(&mut self, ending: Ending) {
        self.drop_body();
        let calls = {
            let mut state = self.journal.state();
            state.running.clear();
            state.time.due.clear();
            state.time.moments.clear();
            state.waits.clear();
            state.tasks.clear();
            state.context.saving = None;
            std::mem::take(&mut state.calls)
        };
        // The calls hold the user's closures, whose drop runs user code.
        self.journal.state().dropping = true;
        drop(calls);
        self.journal.state().dropping = false;
        self.held_back.clear();
        // A continue-as-new in progress is abandoned: the run ends instead.
        self.suspended = None;
        self.unwritten.pending_effects.retain(|effect| !matches!(effect, Effect::Replace { .. }));
        let on_end = self.fate.on_end.take().and_then(|on_end| on_end(self.journal.clone(), ending.describe()));
        self.future = on_end.map(|on_end| on_end.map(|()| BodyEnd::Completed(Value::json(&b"null"[..]))).boxed());
        self.waker = RunWaker::again(&self.waker);
        self.fate.ending = Some(ending);
    }

    /// Ends the run with the status of its early end.
    pub(super) fn finish_ending(&mut self, cause: u64) {
        if let Some(Ending { status, kind, reason }) = self.fate.ending.clone() {
            self.finish(status, kind, cause, reason);
        }
    }

    /// Replays an early end: what follows is compared like the body's own commands. Returns whether a step follows.
    pub(super) fn follow_ending(&mut self, ending: Ending) -> bool {
        let status = ending.status;
        self.give_way(ending);
        if self.future.is_none() {
            self.fate.ended = Some(status);
            return false;
        }
        true
    }

    /// Returns the last entry and the status of the early end in progress.
    pub(super) fn told_to_end(&self) -> Option<(Kind, Status)> {
        self.fate.ending.as_ref().map(|ending| (ending.kind, ending.status))
    }
}
