//! Spans and events for subscribers of `tracing`: a span for each load of a run and for each attempt of a step, an
//! event for each entry of a journal. They contain ids, names and numbers only, never a user's value.

use crate::machine::Machine;
use crate::record::{About, RunIdentity};
use crate::scope::StepScope;
use crate::store::{Append, EntryRow, RunRow};
use data_encoding::HEXLOWER;
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

/// Emits the entries with which a run was started.
pub(super) fn started(row: &RunRow, entries: &[EntryRow]) {
    if tracing::enabled!(Level::INFO) {
        for entry in entries {
            entry_of(&row.id, &row.workflow, entry);
        }
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
