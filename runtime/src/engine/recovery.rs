//! Finds runs to resume: runs of ours that are due or have new items.

use super::core::Core;
use super::error::EngineError;
use super::{inbox, threads};
use crate::machine::AHEAD;
use crate::store::{Lease, RunPage, RunQuery, Status};
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The number of runs replayed at a time.
const AT_ONCE: usize = 8;
const PAGE: usize = 4_096;
const AGAIN: Duration = Duration::from_secs(1);
/// A century in milliseconds.
const CENTURY: i64 = 100 * 365 * 24 * 60 * 60 * 1_000;
/// The delay between taking a lease and the search for rows with a wrong due time.
const LATER: Duration = Duration::from_millis(100);
/// The delay between a failure of the store and the search for work left undone.
const SOON: Duration = Duration::from_millis(50);

/// Resumes the runs of a lease that was taken: those in the middle of a turn, those that are due, and those with new
/// items.
pub(super) async fn take_up(core: Arc<Core>, lease: i64) {
    core.traces.taken(lease);
    wake_due(&core, lease, 0).await;
    drive_undue(&core, lease).await;
    core.runtime.spawn(correct_rows(core.clone(), lease));
    if core.suspects.is_inherited(lease) {
        // An item that a run received may be what ended the process.
        let notified = core.read(move |store| inbox::waiting(store, lease)).await.unwrap_or_default();
        load_all(&core, notified.into_iter().filter(|run| !core.is_active(*run)).collect()).await;
    }
    if let Some(lease) = core.leases.held(lease) {
        while !collect(&core, lease).await && core.pause(AGAIN).await {}
    }
}

/// Resumes the runs of a lease that was taken over from another engine.
pub(super) async fn take_over(core: Arc<Core>, lease: i64) {
    take_up(core.clone(), lease).await;
    core.suspects.settle(lease);
    // Its remote steps were lost with it: their runs are those of any lease.
    for lease in core.leases.all() {
        collect(&core, lease).await;
    }
}

/// Resumes runs after a failure of the store, since it is unknown what was written: runs of ours that are due and not
/// loaded, and those with new items.
pub(super) fn catch_up(core: &Arc<Core>) {
    if core.behind.swap(true, Ordering::SeqCst) {
        return;
    }
    let core = core.clone();
    core.runtime.clone().spawn(async move {
        if core.pause(SOON).await {
            // Cleared first, so that a failure from now on starts another search.
            core.behind.store(false, Ordering::SeqCst);
            for lease in core.leases.all() {
                take_up(core.clone(), lease.number).await;
            }
        }
    });
}

async fn collect(core: &Arc<Core>, lease: Lease) -> bool {
    let collecting = core.clone();
    match threads::blocking(&core.runtime, move || inbox::collect(&collecting, lease)) {
        Ok(collected) => collected.await.unwrap_or(true),
        Err(error) => {
            tracing::warn!(%error, "the inbox cannot be read now");
            false
        }
    }
}

/// Loads the runs of a lease that are in the middle of a turn though their rows have no due time.
async fn drive_undue(core: &Arc<Core>, lease: i64) {
    let mut after = None;
    loop {
        let (lease, statuses) = (Some(lease), vec![Status::Running]);
        let query = RunQuery { lease, statuses, after, limit: PAGE, ..RunQuery::default() };
        // Runs that cannot be read now are left to the next start.
        let Ok(page) = core.read(move |store| store.runs(&query)).await else { return };
        for row in page.runs.iter().filter(|row| row.wake_at.is_none() && !core.is_active(row.number)) {
            tracing::warn!(run = %row.id, "the run is running, and its row does not say when it is due");
            core.load_and_wait(row.number).await;
        }
        after = page.next;
        if after.is_none() {
            return;
        }
    }
}

/// Loads the runs of a lease whose rows have too late a due time; each then corrects its row from its journal. This may
/// read every sleeping run, so it comes after the runs that are due, and nothing waits for it.
async fn correct_rows(core: Arc<Core>, lease: i64) {
    if !core.pause(LATER).await {
        return;
    }
    let now = core.now();
    let sleeping = |from| RunQuery { lease: Some(lease), wake_at: Some((from, i64::MAX)), ..RunQuery::default() };
    // Their last change lies in the future: the wall clock was set back while no engine drove them, and their rows have
    // the old time.
    let ahead = RunQuery { updated_after: Some(now.saturating_add(AHEAD)), ..sleeping(now.saturating_add(1)) };
    // Due in centuries, which no valid journal says.
    let far = sleeping(now.saturating_add(CENTURY));
    for query in [ahead, far] {
        let mut after_due = None;
        loop {
            let query = RunQuery { by_wake_at: true, after_due, limit: PAGE, ..query.clone() };
            let page = match core.ask(move |store| store.runs(&query)).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "runs that may be due too late cannot be read; the next start looks for them");
                    return;
                }
            };
            after_due = page.next_due;
            load_all(&core, page.runs.iter().map(|row| row.number).collect()).await;
            if after_due.is_none() || core.is_draining() {
                break;
            }
        }
    }
}

/// Loads runs, a few at a time.
async fn load_all(core: &Arc<Core>, runs: Vec<i64>) {
    let loads = stream::iter(runs).map(|run| core.load_and_wait(run));
    loads.buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// Loads every run of a lease that is due, from a moment on (0 for those in the middle of a turn), and schedules the
/// next one.
async fn wake_due(core: &Arc<Core>, lease: i64, from: i64) {
    while let Err(error) = try_wake_due(core, lease, from).await {
        tracing::warn!(%error, "the runs that are due cannot be read yet");
        if !core.pause(AGAIN).await {
            return;
        }
    }
}

async fn try_wake_due(core: &Arc<Core>, lease: i64, from: i64) -> Result<(), EngineError> {
    // Moments follow the wall clock, durations the monotonic clock.
    let now = core.now().max(core.recorded_now());
    // Scheduled first, so that it does not wait for slow loads.
    let later = (now + 1, i64::MAX);
    let next = RunQuery { lease: Some(lease), wake_at: Some(later), by_wake_at: true, limit: 1, ..RunQuery::default() };
    let next = core.read(move |store| store.runs(&next)).await?;
    if let Some(due) = next.runs.first().and_then(|row| row.wake_at) {
        core.wake_evicted(due);
    }
    let mut after_due = None;
    loop {
        // In the order of due times, so that a page costs only its own rows, and the run that was due first resumes
        // first.
        let due = RunQuery { lease: Some(lease), wake_at: Some((from, now)), by_wake_at: true, ..RunQuery::default() };
        let query = RunQuery { after_due, limit: PAGE, ..due };
        let page = core.read(move |store| store.runs(&query)).await?;
        report(&page);
        after_due = page.next_due;
        load_all(core, page.runs.iter().map(|row| row.number).collect()).await;
        if after_due.is_none() || core.is_draining() {
            return Ok(());
        }
    }
}

/// Schedules the next run of each lease that is due.
pub(super) fn schedule(core: &Core) -> Result<(), EngineError> {
    for lease in core.leases.all() {
        let next = RunQuery { lease: Some(lease.number), wake_at: Some((1, i64::MAX)), ..RunQuery::default() };
        let next = core.store.runs(&RunQuery { by_wake_at: true, limit: 1, ..next })?;
        if let Some(due) = next.runs.first().and_then(|row| row.wake_at) {
            core.wake_evicted(due);
        }
    }
    Ok(())
}

/// Loads the runs that are due and not active.
pub(super) fn wake_evicted(core: &Arc<Core>) {
    for lease in core.leases.all() {
        let busy = core.busy();
        let core = core.clone();
        core.runtime.clone().spawn(async move {
            wake_due(&core, lease.number, 1).await;
            drop(busy);
        });
    }
}

/// Logs the runs whose rows cannot be read; the others continue.
pub(super) fn report(page: &RunPage) {
    for error in &page.damaged {
        tracing::error!(%error, "a run is passed over");
    }
}
