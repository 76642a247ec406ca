//! What a run asks for once the entries it depends on are durable.

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

/// Something that leaves the run: done only after all it depends on is durable.
pub(crate) enum Effect {
    /// An attempt of a step starts.
    StartAttempt {
        step: &'static str,
        scope: StepScope,
        arguments: Value,
        timeout: Option<Duration>,
        body: Arc<dyn StepBody>,
    },
    /// The body of a step is told to stop: nobody waits for it any longer.
    CancelAttempt { position: u64 },
    /// A run that this one has started is there: it is to be driven.
    StartRun { number: i64 },
    /// A run was to be started whose id is taken: whether it is the same, its first entry says. Without a row the run is looked
    /// for: nobody knows any longer what became of the start.
    Attach { position: u64, id: String, row: Option<Box<RunRow>>, workflow: &'static str, input: Value, recode: Recode },
    /// The run goes on as another, with this input, and with what it has received and not read: that one is to be made.
    Replace { with: ContinueWith, kept: Vec<EntryRow> },
    /// The run has ended, or is parked.
    Ended,
}

impl Effect {
    /// The position of the step whose body starts.
    pub(super) fn starts(&self) -> Option<u64> {
        if let Self::StartAttempt { scope, .. } = self { Some(scope.position) } else { None }
    }
}

/// The appends that are not yet durable, oldest first, each with the effects that wait for it. They become durable in
/// this order.
#[derive(Default)]
pub(super) struct Waiting(VecDeque<(Vec<Effect>, Vec<Asked>, u64)>);

impl Waiting {
    /// `asked` is what is done with what the database says to each thing sent; so many `edits` of the shared state
    /// are durable then.
    pub(super) fn push(&mut self, effects: Vec<Effect>, asked: Vec<Asked>, edits: u64) {
        self.0.push_back((effects, asked, edits));
    }

    pub(super) fn release(&mut self) -> (Vec<Effect>, Vec<Asked>, u64) {
        self.0.pop_front().unwrap_or_default()
    }

    /// Whether a call waits for what the database says.
    pub(super) fn is_awaited(&self) -> bool {
        self.0.iter().any(|(_, asked, _)| asked.iter().any(|asked| asked.awaited_at.is_some()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
