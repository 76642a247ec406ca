//! Claims runs that no engine owns, of the workflows that this one has: clients start such runs, and engines that stop or
//! lack a workflow leave them to others.

use super::core::Core;
use super::error::EngineError;
use super::{inbox, threads};
use crate::store::{Lease, RunQuery, Write, Written};
use std::sync::Arc;
use std::time::Duration;

/// The most runs of one claim.
const BLOCK: usize = 100;

/// The longest wait for room, after which it is looked for again, and the wait after a failure of the database.
const AGAIN: Duration = Duration::from_secs(1);

/// Looks for unowned runs, unless that is under way: then it looks once more. Does not wait.
pub(super) fn look(core: &Arc<Core>) {
    if !core.workflows.is_empty() && !core.is_draining() && core.claiming.begins() {
        let core = core.clone();
        core.runtime.clone().spawn(async move { core.claiming.run(|| claim_all(&core)).await });
    }
}

/// Claims as many as there is room for, until none is left.
async fn claim_all(core: &Arc<Core>) {
    let served = Arc::new(core.workflows.served());
    while !core.is_draining() {
        match is_one_there(core, &served).await {
            Ok(true) => {}
            Err(_) if core.pause(AGAIN).await => continue,
            Ok(false) | Err(_) => return,
        }
        let moved = core.moved.notified();
        let room = core.options.max_claimed.saturating_sub(core.active_count());
        let Some(lease) = core.lease_of_new().filter(|_| room > 0) else {
            // A run that leaves makes room.
            let _ = tokio::time::timeout(AGAIN, moved).await;
            continue;
        };
        let write = Write::ClaimServed { lease, served: served.clone(), limit: room.min(BLOCK) };
        match core.committer.write(write).await {
            Ok(Ok(Written::Runs(runs))) if !runs.is_empty() => begin(core, lease, runs).await,
            // Another engine was faster.
            Ok(_) => return,
            Err(_) => {
                // It is unknown what was claimed.
                core.catch_up();
                if !core.pause(AGAIN).await {
                    return;
                }
            }
        }
    }
}

async fn is_one_there(core: &Core, served: &Arc<Vec<(String, u32)>>) -> Result<bool, EngineError> {
    let query = RunQuery { unowned: Some(served.clone()), limit: 1, ..RunQuery::default() };
    let page = core.read(move |store| store.runs(&query)).await?;
    Ok(!page.runs.is_empty() || !page.damaged.is_empty())
}

/// Drives the runs that were claimed: those that are due now, the others later.
async fn begin(core: &Arc<Core>, lease: Lease, runs: Vec<(i64, Option<i64>)>) {
    let now = core.now();
    for (run, wake_at) in runs {
        match wake_at {
            Some(due) if due > now => core.wake_evicted(due),
            Some(_) => drop(core.load(run)),
            None => {}
        }
    }
    // What waits in their inboxes was for nobody before.
    let collecting = core.clone();
    if let Ok(collected) = threads::blocking(&core.runtime, move || inbox::collect(&collecting, lease)) {
        let _ = collected.await;
    }
}
