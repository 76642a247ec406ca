//! Deletes runs that ended long ago, as the engine's builder was told.

mod archive;
mod due;

use super::core::Core;
use super::error::EngineError;
use super::{Engine, delete};
use crate::inspect::fleet::retains;
use crate::metrics;
use crate::store::{RunQuery, RunRow, Status, Store};
use due::{is_needed, query};
use std::path::PathBuf;
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

/// Which runs an engine deletes: those that ended long enough ago, of a workflow and with a status if it says so.
///
/// A run that another still needs is kept for as long as it does: one whose parent or children go on, of which an
/// unfinished fork began, which is among the last firings of a schedule, or whose streams and published values somebody
/// reads through this engine. See the chapter «Retention» of the guide.
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Retention, Status};
///
/// const DAY: Duration = Duration::from_hours(24);
/// let rules = [
///     Retention::older_than(30 * DAY).workflow("order").status(Status::Completed),
///     Retention::older_than(365 * DAY), // whatever else has ended
/// ];
/// # let _ = rules;
/// ```
#[derive(Clone, Debug)]
#[must_use = "an engine applies it: `Engine::builder().retention(..)`"]
pub struct Retention {
    pub(super) age: Duration,
    pub(super) workflow: Option<String>,
    pub(super) statuses: Vec<Status>,
    pub(super) folder: Option<PathBuf>,
}

impl Retention {
    /// Selects runs that ended so long ago: completed, failed, cancelled, timed out or refused.
    ///
    /// The age must be longer than callers repeat a start: the id of a deleted run is free, and a start that is repeated under
    /// it is a new run.
    pub const fn older_than(age: Duration) -> Self {
        Self { age, workflow: None, statuses: Vec::new(), folder: None }
    }

    /// Selects only runs of this workflow.
    pub fn workflow(mut self, name: impl Into<String>) -> Self {
        self.workflow = Some(name.into());
        self
    }

    /// Selects only runs with this status; each further call adds a status.
    pub fn status(mut self, status: Status) -> Self {
        self.statuses.push(status);
        self
    }

    /// Writes each run to a file in this folder before it is deleted, as [`Run::export`](crate::Run::export) does. The folder must
    /// exist. A run whose file cannot be written stays.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn archive(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Returns why it cannot be applied, if it cannot.
    pub(super) fn fault(&self) -> Option<String> {
        let unfit = |status: &&Status| !status.is_final() || **status == Status::Replaced;
        if let Some(status) = self.statuses.iter().find(unfit) {
            return Some(format!(
                "a retention names the status `{status}`: only runs that have ended are deleted, and one that was replaced \
                 goes with the run that took its id"
            ));
        }
        let folder = self.folder.as_ref().filter(|folder| !folder.is_dir())?;
        Some(format!("a retention archives into `{}`, which is no folder: create it", folder.display()))
    }
}

/// The retentions of an engine.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(super) all: Vec<Retention>,
    /// The least wait between two rounds.
    pub(super) every: Duration,
}

impl Rules {
    /// Returns whether there is a retention.
    pub(super) fn is_there(&self) -> bool {
        !self.all.is_empty()
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self { all: Vec::new(), every: Duration::from_mins(1) }
    }
}

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
    let begun = RunQuery { statuses: vec![Status::Deleting], limit: RUNS, ..RunQuery::default() };
    let begun = core.ask(move |store| store.runs(&begun)).await?;
    let mut found = !begun.runs.is_empty();
    for row in begun.runs {
        delete::delete(core, row.number, &row.id).await?;
    }
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
        let number = row.number;
        deleted += u64::from(one(core, rule, row).await?);
        if begun.elapsed() > TIME || !core.leases.has_margin() || core.is_draining() {
            return Ok((deleted, Some(number)));
        }
    }
    Ok((deleted, page.next))
}

/// Deletes a run, unless another needs it; returns whether it did.
async fn one(core: &Arc<Core>, rule: &Retention, row: RunRow) -> Result<bool, EngineError> {
    if is_needed(core, &row).await? {
        return Ok(false);
    }
    if let Some(folder) = &rule.folder
        && let Err(error) = archive::write(core, folder, &row).await
    {
        tracing::warn!(run = row.id, %error, "the run is not deleted, because its archive cannot be written");
        return Ok(false);
    }
    delete::delete(core, row.number, &row.id).await?;
    tracing::info!(run = row.id, workflow = row.workflow, "a run that ended long ago was deleted");
    metrics::run_deleted(&row.workflow);
    Ok(true)
}
