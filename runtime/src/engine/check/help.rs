//! Suggestions for runs that this build cannot resume.

use crate::engine::workflows::Workflows;
use crate::record::{ParkCause, ParkReason};
use crate::store::{RunRow, Store};

/// Returns suggestions, each a sentence. `fits` returns whether the run's history fits another version of its workflow.
pub(super) fn help(
    store: &dyn Store,
    workflows: &Workflows,
    row: &RunRow,
    reason: &ParkReason,
    fits: impl Fn(u32) -> bool,
) -> Vec<String> {
    let mut help = Vec::new();
    if !matches!(reason.cause, ParkCause::Diverged | ParkCause::Unreadable | ParkCause::UnknownWorkflow) {
        return help;
    }
    let others = workflows.versions(&row.workflow).into_iter().filter(|version| *version != row.version);
    let fitting: Vec<u32> = others.filter(|version| fits(*version)).collect();
    let last = if fitting.is_empty() { None } else { last_turn(store, row) };
    for (version, last) in fitting.iter().zip(last.into_iter().cycle()) {
        help.push(format!(
            "its history fits version {version}, which is registered: have it continue with that, \
             `engine.rewind(\"{}\", ForkPoint::after_entry({last})).version({version})`",
            row.id
        ));
    }
    if reason.cause != ParkCause::Diverged {
        return help;
    }
    let place = reason.position.map_or_else(|| "there".to_owned(), |position| format!("at position {position}"));
    help.push(format!(
        "take the new way {place} only `if flow.patched(\"..\")`, and else do what is recorded: runs that came past there \
         before go the old way"
    ));
    if fitting.is_empty() {
        help.push(format!(
            "or register the function as it was beside this one, which then is `#[workflow(name = \"{}\", version = {})]`",
            row.workflow,
            workflows.newest(&row.workflow).map_or(row.version, |(version, _)| version).max(row.version) + 1
        ));
    }
    if let Some(turn) = reason.turn {
        let before = reason.position.map_or_else(String::new, |position| format!(" before position {position}"));
        help.push(format!(
            "or have it continue with this build from{before}, so that what it did since then is done again: \
             `engine.rewind(\"{id}\", ForkPoint::after_entry({turn}))`, or `engine.fork(..)` to leave it as it is",
            id = row.id
        ));
    }
    help
}

/// Returns the last entry after which a run can be cut.
fn last_turn(store: &dyn Store, row: &RunRow) -> Option<u64> {
    let entries = store.entries(row.number, 0, usize::MAX).ok()?;
    entries.iter().rfind(|entry| entry.kind.is_turn()).map(|entry| entry.seq)
}
