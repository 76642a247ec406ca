//! What an append says of its run, counted once it is durable.

use super::names::{self, label, number, seconds};
use crate::error::{class_of_attempt, class_of_step};
use crate::record::{AttemptOutcome, Kind, RunIdentity};
use crate::store::{Append, EntryRow, Outgoing, Rejected, RunKey, Status, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The words of outcomes of attempts and steps that are no causes of a failure.
const COMPLETED: &str = "completed";
const LOST: &str = "lost";

/// The steps of a loaded run that have no result, by command index. They are followed also in a replay, so that a step
/// which outlasts its process has its whole duration.
#[derive(Default)]
pub(crate) struct Calls(BTreeMap<u64, Call>);

/// A step that has no result.
struct Call {
    /// The time of the call, in milliseconds since 1970.
    at: i64,
    /// Whether the last attempt that was started has no recorded outcome.
    is_open: bool,
}

/// What an entry means for the calls of its run.
#[derive(Clone, Copy)]
enum Change {
    Nothing,
    /// The attempt before has no outcome: its engine died or stopped.
    Lost,
    /// The step has its result; the time of its call is unknown only if the history lacks it.
    Ended(Option<i64>),
}

impl Calls {
    /// Follows an entry of a replay.
    pub(crate) fn replayed(&mut self, entry: &EntryRow) {
        self.follow(entry);
    }

    fn follow(&mut self, entry: &EntryRow) -> Change {
        let Some(position) = entry.position else { return Change::Nothing };
        match entry.kind {
            Kind::StepStarted => {
                self.0.insert(position, Call { at: entry.at, is_open: true });
            }
            Kind::AttemptFailed => self.close(position),
            Kind::AttemptStarted => {
                if let Some(call) = self.0.get_mut(&position)
                    && std::mem::replace(&mut call.is_open, true)
                {
                    return Change::Lost;
                }
            }
            Kind::CallAbandoned => drop(self.0.remove(&position)),
            Kind::StepCompleted | Kind::StepFailed => {
                return Change::Ended(self.0.remove(&position).map(|call| call.at));
            }
            _ => {}
        }
        Change::Nothing
    }

    fn close(&mut self, position: u64) {
        if let Some(call) = self.0.get_mut(&position) {
            call.is_open = false;
        }
    }
}

/// An attempt, or a step, that has ended.
struct Ended {
    step: String,
    outcome: &'static str,
    /// Whether an attempt has ended: a step that is refused at its call has none.
    is_attempt: bool,
    /// How long the step took, in milliseconds, if it has ended too.
    duration: Option<i64>,
}

/// What is counted of an append once it is durable.
#[derive(Default)]
pub(crate) struct AppendNote(Option<Box<Noted>>);

struct Noted {
    run: Arc<RunIdentity>,
    ended: Vec<Ended>,
    /// The step whose transaction runs within the commit, and the time of its result.
    transaction: Option<(String, u64)>,
    /// The workflows of the runs that it starts, with their places among what it writes beyond its run.
    starts: Vec<(usize, String)>,
    status: Option<Status>,
    context: Option<usize>,
    /// How long the step of the transaction took, in milliseconds.
    transacted: i64,
}

impl AppendNote {
    /// Notes what an append says, and follows the calls of its run. `context` returns the size of the context.
    pub(crate) fn of(
        run: &Arc<RunIdentity>,
        append: &Append,
        calls: &mut Calls,
        context: impl FnOnce() -> usize,
    ) -> Self {
        let mut ended = Vec::new();
        let mut has_context = false;
        let is_recording = super::is_recording();
        for entry in &append.entries {
            let change = calls.follow(entry);
            has_context |= matches!(entry.kind, Kind::ContextSet | Kind::ContextUpdated);
            if is_recording {
                ended.extend(ended_by(entry, change));
            }
        }
        if !is_recording {
            return Self(None);
        }
        let transaction = append.transaction.as_ref().map(|transaction| &transaction.entry);
        let called = transaction.and_then(|entry| calls.0.get(&entry.position?).map(|call| call.at));
        let noted = Noted {
            run: run.clone(),
            ended,
            transaction: transaction.map(|entry| (entry.name.clone().unwrap_or_default(), entry.seq)),
            transacted: transaction.zip(called).map_or(0, |(entry, called)| entry.at.saturating_sub(called)),
            starts: starts(append),
            status: append.change.status.filter(|status| status.is_final() || *status == Status::Parked),
            context: has_context.then(context),
        };
        let is_empty = noted.ended.is_empty()
            && noted.transaction.is_none()
            && noted.starts.is_empty()
            && noted.status.is_none()
            && noted.context.is_none();
        Self((!is_empty).then(|| Box::new(noted)))
    }

    /// Counts it: it is durable, with these answers to what it wrote beyond its run, and this outcome of its
    /// transaction.
    pub(crate) fn durable(self, outcomes: &[Result<i64, Rejected>], transacted: Option<&AttemptOutcome>) {
        let Some(noted) = self.0 else { return };
        let is_value = |outcome: &AttemptOutcome| !matches!(outcome, AttemptOutcome::Failed { .. });
        noted.count(|place| outcomes.get(place).is_some_and(Result::is_ok), transacted.is_some_and(is_value));
    }

    /// Counts it if it is in the store after all: the answer to its commit was lost. Called before the run is loaded
    /// again.
    pub(crate) fn read_back(self, store: &dyn Store, append: &Append) {
        let Some(noted) = self.0 else { return };
        let Ok(found) = store.entries(append.run, append.after, append.entries.len() + 1) else { return };
        let is_written = match append.entries.first() {
            Some(first) => found.first() == Some(first),
            // The row alone has changed.
            None => matches!(store.run(RunKey::Number(append.run)), Ok(Some(row)) if Some(row.status) == noted.status),
        };
        if !is_written && noted.transaction.is_none() {
            return;
        }
        let transacted = noted.transaction.as_ref().is_some_and(|(step, seq)| {
            found.iter().any(|entry| {
                entry.seq == *seq && entry.kind == Kind::StepCompleted && entry.name.as_ref() == Some(step)
            })
        });
        if is_written || transacted {
            noted.count(|place| append.outgoing.get(place).is_some_and(|new| is_started(store, new)), transacted);
        }
    }
}

impl Noted {
    fn count(&self, is_started: impl Fn(usize) -> bool, is_transacted: bool) {
        let workflow = || label(&self.run.workflow);
        for (_, started) in self.starts.iter().filter(|(place, _)| is_started(*place)) {
            names::RUNS_STARTED.add(1, [label(started)]);
        }
        for Ended { step, outcome, is_attempt, duration } in &self.ended {
            if *is_attempt {
                names::ATTEMPTS.add(1, [workflow(), label(step), (*outcome).into()]);
            }
            if let Some(duration) = duration {
                names::STEP_DURATION.record(seconds(*duration), [workflow(), label(step), (*outcome).into()]);
            }
        }
        if let Some((step, _)) = self.transaction.as_ref().filter(|_| is_transacted) {
            names::ATTEMPTS.add(1, [workflow(), label(step), COMPLETED.into()]);
            names::STEP_DURATION.record(seconds(self.transacted), [workflow(), label(step), COMPLETED.into()]);
        }
        if let Some(bytes) = self.context {
            names::CONTEXT_BYTES.record(number(bytes), [workflow()]);
        }
        match self.status {
            Some(Status::Parked) => super::run_parked(&self.run.workflow),
            Some(status) => names::RUNS_ENDED.add(1, [workflow(), status.as_str().into()]),
            None => {}
        }
    }
}

/// Returns the workflows of the runs that an append starts.
fn starts(append: &Append) -> Vec<(usize, String)> {
    let started = append.outgoing.iter().enumerate().filter_map(|(place, outgoing)| match outgoing {
        Outgoing::Start { run, .. } => Some((place, run.workflow.clone())),
        Outgoing::Replace(run) => Some((place, run.workflow.clone())),
        _ => None,
    });
    started.collect()
}

fn is_started(store: &dyn Store, outgoing: &Outgoing) -> bool {
    let (id, execution) = match outgoing {
        Outgoing::Start { run, .. } => (&run.id, run.execution),
        Outgoing::Replace(run) => (&run.id, run.execution),
        _ => return false,
    };
    matches!(store.run(RunKey::Id(id)), Ok(Some(row)) if row.execution == execution)
}

/// Returns what has ended with an entry.
fn ended_by(entry: &EntryRow, change: Change) -> Option<Ended> {
    let (outcome, is_attempt, called) = match (entry.kind, change) {
        (_, Change::Lost) => (LOST, true, None),
        (Kind::AttemptFailed, _) => (class_of_attempt(entry.value.as_ref().map(|value| &*value.bytes)), true, None),
        // A step that is refused at its call has no attempt.
        (Kind::StepFailed, Change::Ended(called)) => (
            class_of_step(entry.value.as_ref().map(|value| &*value.bytes)),
            entry.attempt.is_some_and(|attempt| attempt > 0),
            called,
        ),
        (_, Change::Ended(called)) => (COMPLETED, true, called),
        _ => return None,
    };
    let is_step = matches!(change, Change::Ended(_));
    let duration = is_step.then(|| called.map_or(0, |called| entry.at.saturating_sub(called)));
    Some(Ended { step: entry.name.clone().unwrap_or_default(), outcome, is_attempt, duration })
}
