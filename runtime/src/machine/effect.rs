//! Effects of a run, performed once the entries that they depend on are durable.

use super::continue_as_new::ContinueWith;
use super::outgoing::Asked;
use crate::command::Recode;
use crate::journal::StepBody;
use crate::scope::StepScope;
use crate::store::{EntryRow, RunRow};
use crate::value::Value;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// An effect outside the run, performed only after all entries that it depends on are durable.
pub(crate) enum Effect {
    /// An attempt of a step starts.
    StartAttempt {
        step: &'static str,
        scope: Arc<StepScope>,
        arguments: Value,
        timeout: Option<Duration>,
        body: Arc<dyn StepBody>,
    },
    /// Cancels the body of a step whose result is no longer waited for.
    CancelAttempt { position: u64 },
    /// An attempt of a remote step waits for an engine.
    TaskWaits,
    /// An attempt of a remote step is no longer wanted. This engine may run it.
    TaskCancelled,
    /// Drives a run that this one has started.
    StartRun { number: i64 },
    /// Compares the run that has the id of a run to be started with that start. Without a row the run is looked up: the
    /// outcome of the start is unknown.
    Attach { position: u64, id: String, row: Option<Box<RunRow>>, workflow: &'static str, input: Value, recode: Recode },
    /// Makes the successor of this run, with this input and with what was received and not read.
    Replace { with: ContinueWith, kept: Vec<EntryRow> },
    /// The run has ended, or is parked.
    Ended,
}

impl Effect {
    /// Returns the command index of the step whose body starts.
    pub(super) fn starts(&self) -> Option<u64> {
        if let Self::StartAttempt { scope, .. } = self { Some(scope.position) } else { None }
    }
}

/// The appends that are not yet durable, oldest first, each with the effects that wait for it. They become durable in
/// this order.
#[derive(Default)]
pub(super) struct Waiting(VecDeque<(Vec<Effect>, Vec<Asked>, u64)>);

impl Waiting {
    /// Adds an append. `asked` says how to handle the outcome of each outgoing write; `edits` is the number of edits of
    /// the shared state that are durable with it.
    pub(super) fn push(&mut self, effects: Vec<Effect>, asked: Vec<Asked>, edits: u64) {
        self.0.push_back((effects, asked, edits));
    }

    pub(super) fn release(&mut self) -> (Vec<Effect>, Vec<Asked>, u64) {
        self.0.pop_front().unwrap_or_default()
    }

    /// Returns whether a call waits for an outcome.
    pub(super) fn is_awaited(&self) -> bool {
        self.0.iter().any(|(_, asked, _)| asked.iter().any(|asked| asked.awaited_at.is_some()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
