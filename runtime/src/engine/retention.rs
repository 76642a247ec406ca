//! Deletes runs that ended long ago, as the engine's builder was told.

mod archive;
mod due;

use super::core::Core;
use super::error::EngineError;
use super::rules::Retention;
use super::{Engine, delete};
use crate::inspect::fleet::retains;
use crate::metrics;
use crate::store::{RunKey, RunQuery, RunRow, Status, Store};
use due::{is_needed, query};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most runs of a slice, and the time after which one ends.
const RUNS: usize = 50;
const TIME: Duration = Duration::from_millis(100);

/// The pause after a slice, as a multiple of its time, so that the engine's own work goes on.
const PAUSE: u32 = 4;

/// The wait after a round that has found nothing, as a multiple of its time: looking costs little, however many runs there
/// are.
const WAIT: u32 = 20;

impl Engine {
    /// Counts the runs that each retention of this engine would delete now, in their order, up to 10,000 each; those that
    /// another run still needs are counted too.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn retention_preview(&self) -> Result<Vec<(Retention, u64)>, EngineError> {
        const COUNTED: usize = 10_000;
        let mut counts = Vec::new();
        for rule in &self.core.options.retention.all {
            let query = RunQuery { limit: COUNTED, ..query(rule, self.core.now()) };
            let (count, _) = self.core.ask(move |store| store.count(&query)).await?;
            counts.push((rule.clone(), count));
        }
        Ok(counts)
    }
}

/// Begins to delete, if there is a retention.
pub(super) fn watch(core: &Arc<Core>) {
    // A clock that skips sleeps is that of a test.
    if !core.options.retention.is_there() || core.clock.skips() {
        return;
    }
    let (of, every) = (Arc::downgrade(core), core.options.retention.every);
    core.runtime.spawn(async move {
        while let Some(core) = of.upgrade().filter(|core| !core.is_draining()) {
            let begun = Instant::now();
            let found = round(&core).await.unwrap_or_else(|error| {
                if !core.is_draining() {
                    tracing::warn!(%error, "runs that ended long ago are not deleted now; the next round tries again");
                }
                false
            });
            drop(core);
            tokio::time::sleep(if found { every } else { every.max(begun.elapsed() * WAIT) }).await;
        }
    });
}

/// Finishes what was begun, and deletes what is due. Returns whether anything was deleted.
async fn round(core: &Arc<Core>) -> Result<bool, EngineError> {
    if !is_first(core).await? {
        return Ok(false);
    }
    let mut found = finish_begun(core).await?;
    for rule in &core.options.retention.all {
        let mut after = None;
        loop {
            let begun = Instant::now();
            let (deleted, next) = slice(core, rule, after).await?;
            (found, after) = (found || deleted > 0, next);
            if after.is_none() {
                break;
            }
            tokio::time::sleep(begun.elapsed() * PAUSE).await;
            if core.is_draining() || !is_first(core).await? {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Deletes what was half deleted; returns whether there was anything.
async fn finish_begun(core: &Arc<Core>) -> Result<bool, EngineError> {
    let (mut found, mut after) = (false, None);
    loop {
        let begun = RunQuery { statuses: vec![Status::Deleting], after, limit: RUNS, ..RunQuery::default() };
        let page = core.ask(move |store| store.runs(&begun)).await?;
        for row in page.runs {
            let deleted = delete::delete(core, row.number, &row.id, None).await.map(|()| true);
            found |= or_kept(&row.id, deleted)?;
        }
        after = page.next;
        if after.is_none() || core.is_draining() {
            return Ok(found);
        }
    }
}

/// Returns whether a run was deleted. An error of this run alone is logged, so that the next ones are deleted all the same.
fn or_kept(id: &str, deleted: Result<bool, EngineError>) -> Result<bool, EngineError> {
    match deleted {
        Err(error) if error.is_of_one_run() => {
            tracing::warn!(run = id, %error, "a run that ended long ago is not deleted now; the next round tries again");
            Ok(false)
        }
        deleted => deleted,
    }
}

/// Returns whether this engine holds the first lease of those that delete, and so is the one that does. A lease whose holder
/// died is taken over by another engine, or closed.
async fn is_first(core: &Arc<Core>) -> Result<bool, EngineError> {
    let leases = core.ask(Store::leases).await?;
    let first = leases.iter().filter(|lease| retains(lease)).map(|lease| lease.number).min();
    Ok(core.leases.has_margin() && first.is_some_and(|first| core.leases.held(first).is_some()))
}

/// Deletes some runs; returns how many, and the number of the last one that was looked at, if there are more.
async fn slice(core: &Arc<Core>, rule: &Retention, after: Option<i64>) -> Result<(u64, Option<i64>), EngineError> {
    let (begun, mut deleted) = (Instant::now(), 0);
    let query = RunQuery { after, limit: RUNS, ..query(rule, core.now()) };
    let page = core.ask(move |store| store.runs(&query)).await?;
    super::recovery::report(&page);
    for row in page.runs {
        let (number, id) = (row.number, row.id.clone());
        deleted += u64::from(or_kept(&id, one(core, rule, row).await)?);
        if begun.elapsed() > TIME || !core.leases.has_margin() || core.is_draining() {
            return Ok((deleted, Some(number)));
        }
    }
    Ok((deleted, page.next))
}

/// Deletes a run, unless another needs it; returns whether it did.
async fn one(core: &Arc<Core>, rule: &Retention, row: RunRow) -> Result<bool, EngineError> {
    if let Some(folder) = &rule.folder {
        if is_needed(core, &row).await? {
            return Ok(false);
        }
        if let Err(error) = archive::write(core, folder, &row).await {
            tracing::warn!(run = row.id, %error, "the run is not deleted, because its archive cannot be written");
            return Ok(false);
        }
    }
    // The row was read before the runs of the same page were deleted, and before the archive was written: meanwhile the run
    // may have been rewound or forked.
    let number = row.number;
    let Some(now) = core.ask(move |store| store.run(RunKey::Number(number))).await? else { return Ok(false) };
    let is_same = (now.status, now.seq, now.successor) == (row.status, row.seq, row.successor);
    if !is_same || is_needed(core, &now).await? {
        return Ok(false);
    }
    delete::delete(core, row.number, &row.id, None).await?;
    tracing::info!(run = row.id, workflow = row.workflow, "a run that ended long ago was deleted");
    metrics::run_deleted(&row.workflow);
    Ok(true)
}
