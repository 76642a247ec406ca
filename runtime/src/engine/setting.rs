//! Corrects recorded times of running durations after a change of the wall clock, in active runs and in the database,
//! so that neither they nor a restart go wrong.

use super::core::Core;
use super::kept_out::KeptOut;
use super::recovery;
use crate::machine::plain_entry;
use crate::record::Kind;
use crate::store::{Append, Change, EntryRow, Lease, RunQuery, RunRow, Status, Write};
use crate::value::Value;
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The number of runs read at a time.
const PAGE: usize = 4_096;
/// The number of runs written at a time.
const AT_ONCE: usize = 256;
const AGAIN: Duration = Duration::from_secs(1);

/// Handles a change of the wall clock that the timers noticed.
pub(super) fn begin(core: &Arc<Core>) {
    if core.set.swap(true, Ordering::SeqCst) {
        return;
    }
    let core = core.clone();
    core.runtime.clone().spawn(async move {
        while let Some(by) = core.clock.was_set()
            && !core.is_draining()
        {
            tracing::warn!(by_ms = by, "the time of day was set; durations are measured as before");
            core.begin_setting(by);
            recovery::wake_evicted(&core);
            notify_sleepers(&core, by).await;
            core.end_setting();
            recovery::wake_evicted(&core);
            #[cfg(feature = "schedules")]
            super::firing::look(&core);
        }
        core.set.store(false, Ordering::SeqCst);
    });
}

/// Records the change for every run of ours that is not active and waits for a time.
async fn notify_sleepers(core: &Arc<Core>, by: i64) {
    let mut after = None;
    loop {
        let statuses = vec![Status::Running, Status::Sleeping, Status::Paused];
        let query = RunQuery { statuses, after, limit: PAGE, ..RunQuery::default() };
        let page = match core.read(move |store| store.runs(&query)).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "the runs cannot be read that must know that the time of day was set");
                if core.pause(AGAIN).await {
                    continue;
                }
                return;
            }
        };
        recovery::report(&page);
        after = page.next;
        let timed = page.runs.into_iter().filter(|row| row.wake_at.is_some() || row.status == Status::Paused);
        stream::iter(timed).for_each_concurrent(AT_ONCE, |row| notify(core, row, by)).await;
        if after.is_none() || core.is_draining() {
            return;
        }
    }
}

async fn notify(core: &Arc<Core>, row: RunRow, by: i64) {
    let Some(lease) = core.lease(row.lease) else { return };
    let Some(mail) = core.enter_setting(row.number) else { return };
    // The run may have changed before its place was taken.
    let number = row.number;
    let mut kept_out = KeptOut::of(core, number, mail, KeptOut::UNKNOWN);
    let row = core.read(move |store| store.run(crate::store::RunKey::Number(number))).await;
    if let Ok(Some(row)) = &row
        && !row.status.is_final()
        && let Err(error) = core.committer.write(Write::from(set(row, lease, by, core.now()))).await
    {
        tracing::warn!(run = %row.id, %error, "what the run waits for may come late: the time of day was set");
    }
    match row {
        Ok(row) => kept_out.is_due_at(row.and_then(|row| row.wake_at).map(|due| moved(due, by))),
        Err(error) => {
            tracing::warn!(run = number, %error, "what the run waits for may come late: the time of day was set");
        }
    }
}

/// Returns the corrected due time of a run's row: not later than before, because the run may wait for a moment.
const fn moved(due: i64, by: i64) -> i64 {
    if due > 0 && by < 0 {
        let due = due.saturating_add(by);
        if due < 1 { 1 } else { due }
    } else {
        due
    }
}

fn set(row: &RunRow, lease: Lease, by: i64, at: i64) -> Append {
    let value = serde_json::to_vec(&by).expect("a number is JSON");
    let entry = EntryRow { value: Some(Value::json(value)), ..plain_entry(row.seq + 1, Kind::ClockMoved, at) };
    let wake_at = row.wake_at.map(|due| Some(moved(due, by)));
    Append {
        run: row.number,
        lease,
        after: row.seq,
        entries: vec![entry],
        fields: Vec::new(),
        taken: Vec::new(),
        outgoing: Vec::new(),
        transaction: None,
        change: Change { wake_at, ..Change::default() },
        at,
    }
}
