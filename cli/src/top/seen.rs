//! What a look has found.

use super::keys::State;
use serde::Serialize;
use std::time::SystemTime;
use steadfast::inspect::{InspectError, Inspector, RunSummary, RunsQuery, StatusCount};
use steadfast::{QueueInfo, Worker};

/// The most runs that are listed without a terminal.
const RUNS: usize = 100;

#[derive(Serialize)]
pub(super) struct Seen {
    pub(super) database: String,
    /// The time by the database's clock.
    #[serde(serialize_with = "millis")]
    pub(super) at: SystemTime,
    pub(super) counts: Vec<StatusCount>,
    pub(super) workers: Vec<Worker>,
    pub(super) queues: Vec<QueueInfo>,
    pub(super) runs: Vec<RunSummary>,
    /// Rows of runs that cannot be read.
    pub(super) damaged: Vec<String>,
    /// Why the last look has failed.
    #[serde(skip)]
    pub(super) fault: Option<String>,
}

impl Seen {
    /// Reads what fits a terminal of so many lines.
    pub(super) async fn read(inspector: &Inspector, state: &State, height: usize) -> Result<Self, InspectError> {
        let health = inspector.health(false).await?;
        let query = state.choice.statuses().iter().fold(RunsQuery::all(), |query, status| query.status(*status));
        let limit = if height == usize::MAX { RUNS } else { (state.offset + height).clamp(1, 1_000) };
        let page = inspector.runs(&query.limit(limit)).await?;
        Ok(Self {
            database: health.database,
            at: health.clock,
            counts: inspector.count_by_status(&RunsQuery::all()).await?,
            workers: inspector.workers().await?,
            queues: inspector.queues().await?,
            runs: page.items,
            damaged: page.damaged,
            fault: None,
        })
    }
}

fn millis<S: serde::Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    to.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
