//! Finds what waits in queues for an engine: the remote steps of a run, or the run itself.

use super::WaitsFor;
use crate::inspect::fleet;
use crate::inspect::heard::Hearing;
use crate::store::{RunRow, Store, StoreError, TaskKey, TaskRow};
use std::collections::BTreeMap;

/// Returns what those remote steps of a run wait for that have not been claimed, by command index.
pub(super) fn of(store: &dyn Store, hearing: &Hearing, run: i64) -> Result<BTreeMap<u64, WaitsFor>, StoreError> {
    let mut waiting = store.tasks(TaskKey::Run(run))?;
    waiting.retain(|task| task.state.waits() && !task.is_run());
    if waiting.is_empty() {
        return Ok(BTreeMap::new());
    }
    let leases = store.leases()?;
    let served = fleet::served_steps(&leases, &hearing.gone(&leases));
    let waits = waiting.into_iter().map(|task| {
        let is_served = served.contains(&(task.queue.clone(), task.step.clone()));
        let (queue, step, attempt, refused) = (task.queue, task.step, task.attempt, task.refused);
        (task.position, WaitsFor::Queue { queue, step, attempt, served: is_served, refused })
    });
    Ok(waits.collect())
}

/// Returns what a run waits for that waits for room in its queue.
pub(super) fn room(store: &dyn Store, hearing: &Hearing, row: &RunRow) -> Result<WaitsFor, StoreError> {
    let queue = row.queue.clone().unwrap_or_default();
    let name = TaskRow::run_step(&row.workflow, row.version);
    let leases = store.leases()?;
    let served = fleet::served_steps(&leases, &hearing.gone(&leases)).contains(&(queue.clone(), name));
    let paused = store.queue(&queue)?.and_then(|state| state.paused);
    Ok(WaitsFor::Room { queue, served, paused })
}
