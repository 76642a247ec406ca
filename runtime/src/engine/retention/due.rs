//! Which runs are due for deletion, and which of them another run still needs.

use crate::engine::core::Core;
use crate::engine::delete;
use crate::engine::error::EngineError;
use crate::engine::rules::Retention;
use crate::store::{RunQuery, RunRow, Status, Store, StoreError};
use std::sync::Arc;

/// The statuses of runs that are deleted if none is named. A run that has moved may be asked for its file again.
const ENDED: [Status; 5] = [Status::Completed, Status::Failed, Status::Cancelled, Status::TimedOut, Status::Refused];

/// The most rows of an index that are read at once.
const ROWS: usize = 20_000;

/// The label of the runs that a schedule has started.
const SCHEDULE: &str = "schedule";

/// Returns the runs that a rule selects at a time, in milliseconds since 1970.
pub(super) fn query(rule: &Retention, now: i64) -> RunQuery {
    let age = i64::try_from(rule.age.as_millis()).unwrap_or(i64::MAX);
    let before = now.saturating_sub(age).saturating_add(1);
    RunQuery {
        statuses: if rule.statuses.is_empty() { ENDED.to_vec() } else { rule.statuses.clone() },
        workflow: rule.workflow.clone(),
        updated: (None, Some(before)),
        // None that ended before then was started later.
        created: (None, Some(before)),
        most_rows: ROWS,
        ..RunQuery::default()
    }
}

/// Returns whether another run, a schedule or a reader still needs a run.
pub(super) async fn is_needed(core: &Arc<Core>, row: &RunRow) -> Result<bool, EngineError> {
    if core.observers.observes(row.first_run) {
        return Ok(true);
    }
    // The journals from before each continue-as-new go with the run, so their forks need it too.
    let mut numbers = if row.forked_from.is_some() { delete::earlier(core, row.number).await? } else { Vec::new() };
    numbers.push(row.number);
    let row = row.clone();
    core.ask(move |store| needed_by_rows(store, &row, &numbers)).await
}

/// `numbers` are those of all runs that would be deleted with this one.
fn needed_by_rows(store: &dyn Store, row: &RunRow, numbers: &[i64]) -> Result<bool, StoreError> {
    // A run whose id another has taken goes with that one.
    if row.successor.is_some() {
        return Ok(true);
    }
    // Its parent, its children, and those that wait for each other.
    if store.belongings(row.number)?.is_some_and(|with| !with.bonds.is_empty()) {
        return Ok(true);
    }
    for number in numbers {
        let (statuses, forked_from) = (Status::UNFINISHED.to_vec(), Some(*number));
        let forks = RunQuery { statuses, forked_from, limit: 1, ..RunQuery::default() };
        if !store.runs(&forks)?.runs.is_empty() {
            return Ok(true);
        }
    }
    let labels = store.labels(row.number)?;
    let Some((_, schedule)) = labels.iter().find(|(name, _)| name == SCHEDULE) else { return Ok(false) };
    let schedule = store.schedule(schedule)?;
    Ok(schedule.is_some_and(|schedule| schedule.state.names(&row.id)))
}
