//! A turn that stays open while the fields of a change are saved: nothing else is delivered to the run meanwhile.

use super::Machine;
use super::outgoing::Answered;
use super::turn::Turn;
use crate::context::ContextError;
use crate::record::{AttemptOutcome, ParkReason, RoutedValue, StepWrite};
use crate::shared_state::StateEvent;
use crate::store::InboxRow;
use crate::value::Value;

/// The entry whose delivery opened the turn, and its time.
pub(super) struct OpenTurn {
    pub(super) cause: u64,
    pub(super) at: i64,
    /// Whether the turn is open for a continue-as-new whose successor is being made, not for fields.
    pub(super) replacing: bool,
}

/// An event that arrived while a turn was open.
pub(super) enum Deferred {
    AttemptEnded {
        position: u64,
        attempt: u32,
        outcome: AttemptOutcome,
    },
    Foreign,
    Moved,
    Parked(ParkReason),
    /// The outcome of an outgoing write.
    Answered(Answered),
    Attached {
        position: u64,
        id: String,
        outcome: Result<(), String>,
    },
    /// An inbox item.
    Item(InboxRow),
    /// An output of a step.
    Wrote(StepWrite),
    /// An event of the shared state.
    State(StateEvent),
    /// The end of the replay: what was in flight is to be restarted.
    Restart,
}

impl Machine {
    /// Takes the fields that are to be saved now, once, with the name of their context.
    pub(crate) fn take_saves(&mut self) -> Option<(&'static str, Vec<RoutedValue>)> {
        self.suspended.as_ref()?;
        let mut state = self.journal.state();
        let saving = state.context.saving.as_mut()?;
        Some((saving.context, saving.fields.take()?))
    }

    /// Continues the turn once the fields are saved, each with its pointer, or one of them cannot be.
    pub(crate) fn saved(&mut self, outcome: Result<Vec<Value>, ContextError>, now: i64) {
        let Some(turn) = self.suspended.take() else { return };
        let wake = {
            let mut state = self.journal.state();
            let Some(saving) = state.context.saving.as_mut() else { return };
            saving.outcome = Some(outcome);
            saving.waker.take()
        };
        let end = self.poll_body(wake);
        self.end_turn(turn.cause, turn.at, end);
        self.catch_up(now);
    }

    /// Returns whether nothing is delivered at the moment: a turn is open, or a transaction is in flight.
    pub(super) fn stands_still(&self) -> bool {
        self.suspended.is_some() || self.is_transacting()
    }

    /// Handles the deferred events.
    pub(super) fn catch_up(&mut self, now: i64) {
        while !self.stands_still()
            && let Some(deferred) = self.deferred.pop_front()
        {
            match deferred {
                Deferred::AttemptEnded { position, attempt, outcome } => {
                    self.attempt_ended(position, attempt, outcome, now);
                }
                Deferred::Foreign => self.woken_by_foreign(),
                Deferred::Moved => self.move_away(now),
                Deferred::Parked(reason) => self.park(reason),
                Deferred::Answered(answered) => self.take_answer(answered, now),
                Deferred::Attached { position, id, outcome } => self.attached(position, id, outcome, now),
                Deferred::Item(item) => self.take_in(item, now),
                Deferred::Wrote(write) => self.step_wrote(write, now),
                Deferred::State(event) => self.state_event(event, now),
                Deferred::Restart => self.restart(now),
            }
        }
        self.due(now);
    }

    /// Cuts an open turn: what the body has done in it so far is its group.
    pub(super) fn cut_turn(&mut self) {
        self.suspended = None;
        let turn = self.journal.state().turn.take();
        if let Some(Turn::Live(group)) = turn {
            self.write_group(group);
        }
    }

    /// Returns whether the body waits for fields to be saved.
    pub(super) fn is_saving(&self) -> bool {
        let state = self.journal.state();
        state.fault.is_none() && state.context.saving.as_ref().is_some_and(|saving| saving.outcome.is_none())
    }
}
