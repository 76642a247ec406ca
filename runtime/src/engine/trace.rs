//! Spans and events for subscribers of `tracing`: a span for each load of a run and for each attempt of a step, an
//! event for each entry of a journal. They contain ids, names and numbers only, never a user's value.

use crate::machine::Machine;
use crate::metrics;
use crate::record::{About, RunIdentity};
use crate::scope::StepScope;
use crate::store::{Append, EntryRow, ImportedRun, NewRun, Outgoing, Rejected, RunKey, RunRow, Store};
use data_encoding::HEXLOWER;
use tracing::dispatcher::{self, Dispatch};
use tracing::{Level, Span};

/// Returns the link between the spans of one run in any process: its execution, as 32 hexadecimal digits.
pub(super) fn link(run: &RunIdentity) -> String {
    HEXLOWER.encode(&run.execution)
}

/// Creates the span of an active run.
pub(super) fn run(machine: &Machine) -> Span {
    if !tracing::enabled!(Level::INFO) {
        return Span::none();
    }
    let run = machine.identity();
    let scope = machine.scope();
    tracing::info_span!(
        parent: None,
        "run",
        run = %run.id,
        workflow = %run.workflow,
        trace = %link(run),
        parent = scope.parent.as_deref(),
        after = machine.tail()
    )
}

/// Creates the span of an attempt; events that its body logs are within.
pub(super) fn attempt(scope: &StepScope) -> Span {
    if !tracing::enabled!(Level::INFO) {
        return Span::none();
    }
    tracing::info_span!(
        parent: None,
        "attempt",
        run = %scope.run.id,
        workflow = %scope.run.workflow,
        trace = %link(&scope.run),
        step = %scope.name,
        position = scope.position,
        attempt = scope.attempt
    )
}

/// Emits the entries with which a run was started, and counts it.
pub(super) fn started(row: &RunRow, entries: &[EntryRow]) {
    metrics::run_started(&row.workflow);
    if tracing::enabled!(Level::INFO) {
        for entry in entries {
            entry_of(&row.id, &row.workflow, entry);
        }
    }
}

/// A new run, emitted once it is committed.
pub(super) struct NewRunTrace {
    id: String,
    workflow: String,
    execution: [u8; 16],
    opening: Vec<EntryRow>,
    /// The subscriber of the task that writes it; the committer's thread may have another.
    subscriber: Dispatch,
}

impl NewRunTrace {
    /// Returns the trace of a run that begins with these entries; `None` without a subscriber.
    fn new(id: &str, workflow: &str, execution: [u8; 16], entries: &[EntryRow]) -> Option<Self> {
        if !tracing::enabled!(Level::INFO) {
            return None;
        }
        // The rest of a copied history was emitted where it happened.
        let opening = entries.iter().take_while(|entry| entry.seq == 1 || entry.kind.about() == About::Opening);
        Some(Self {
            id: id.to_owned(),
            workflow: workflow.to_owned(),
            execution,
            opening: opening.map(|entry| EntryRow { value: None, ..entry.clone() }).collect(),
            subscriber: dispatcher::get_default(Dispatch::clone),
        })
    }

    pub(super) fn of_import(run: &ImportedRun) -> Option<Self> {
        Self::new(&run.id, &run.workflow, run.execution, &run.entries)
    }

    fn of_start(run: &NewRun) -> Option<Self> {
        Self::new(&run.id, &run.workflow, run.execution, &run.entries)
    }

    /// Emits the entries with which the run begins.
    pub(super) fn emit(&self) {
        dispatcher::with_default(&self.subscriber, || {
            self.opening.iter().for_each(|entry| entry_of(&self.id, &self.workflow, entry));
        });
    }

    fn is_in(&self, store: &dyn Store) -> bool {
        matches!(store.run(RunKey::Id(&self.id)), Ok(Some(row)) if row.execution == self.execution)
    }
}

/// The runs that an append creates: children, and a successor.
pub(super) struct NewRuns(Vec<(usize, NewRunTrace)>);

impl NewRuns {
    pub(super) fn of(append: &Append) -> Self {
        let traced = append.outgoing.iter().enumerate().filter_map(|(place, outgoing)| {
            let new = match outgoing {
                Outgoing::Start { run, .. } => NewRunTrace::of_start(run),
                Outgoing::Replace(run) => NewRunTrace::of_import(run),
                _ => None,
            };
            Some((place, new?))
        });
        Self(traced.collect())
    }

    /// Emits the runs that were created, by the outcomes of the append.
    pub(super) fn emit(&self, outcomes: &[Result<i64, Rejected>]) {
        let is_new = |place: usize| outcomes.get(place).is_some_and(Result::is_ok);
        self.0.iter().filter(|(place, _)| is_new(*place)).for_each(|(_, run)| run.emit());
    }

    /// Emits the runs that an append of unknown outcome has created. Called before the driver learns of it, which may
    /// repeat the append.
    pub(super) fn emit_written(&self, store: &dyn Store) {
        self.0.iter().filter(|(_, run)| run.is_in(store)).for_each(|(_, run)| run.emit());
    }
}

/// Emits the entries of an append as it is submitted.
pub(super) fn entries(run: &RunIdentity, append: &Append) {
    if !tracing::enabled!(Level::INFO) {
        return;
    }
    for entry in &append.entries {
        entry_of(&run.id, &run.workflow, entry);
    }
    if let Some(status) = append.change.status {
        tracing::debug!(run = %run.id, workflow = %run.workflow, status = status.as_str(), "the status of a run changes");
    }
}

fn entry_of(run: &str, workflow: &str, entry: &EntryRow) {
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                $level,
                run = %run,
                workflow = %workflow,
                seq = entry.seq,
                cause = entry.cause,
                position = entry.position,
                name = entry.name.as_deref(),
                attempt = entry.attempt,
                other = entry.other.as_deref(),
                "{}",
                entry.kind.as_str()
            )
        };
    }
    if entry.kind.about() == About::Run { event!(Level::INFO) } else { event!(Level::DEBUG) }
}
