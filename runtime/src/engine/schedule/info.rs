//! Schedules as people and programs see them.

use crate::engine::clock::moment;
use crate::engine::fleet::served_by;
use crate::schedule::Spec;
use crate::store::{self, FiringRow, ScheduleRow, Store, StoreError};
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::SystemTime;

/// The nominal times that are shown.
const NEXT: usize = 10;

/// A schedule at one moment, as [`ScheduleHandle::info`](crate::ScheduleHandle::info) returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ScheduleInfo {
    /// The schedule's name.
    pub name: String,
    /// Its times, for people: "cron `0 3 * * *` in Europe/Berlin".
    pub times: String,
    /// The name of the workflow whose runs it starts.
    pub workflow: String,
    /// The version of the workflow.
    pub version: u32,
    /// Why nothing of it is started, if it is paused.
    pub paused: Option<String>,
    /// Why nothing of it is started, although it is not paused: no engine has its workflow, or this version cannot read
    /// it.
    pub blocked: Option<String>,
    /// Its next nominal times, at most ten: none if it is paused or over.
    #[serde(serialize_with = "moments")]
    pub next: Vec<SystemTime>,
    /// The nominal times that wait for the end of a run.
    #[serde(serialize_with = "moments")]
    pub waiting: Vec<SystemTime>,
    /// Its last firings, at most ten, the newest last.
    pub last: Vec<Firing>,
    /// How many nominal times have started a run, those of a backfill too.
    pub started: u64,
}

/// A nominal time of a schedule, and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Firing {
    /// The nominal time.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub nominal: SystemTime,
    /// The time at which an engine decided it, by the clock of the database.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// How it went.
    pub outcome: FiringOutcome,
}

/// How a nominal time of a schedule went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum FiringOutcome {
    /// It started a run.
    Started {
        /// The id of the run.
        run: String,
    },
    /// It started nothing, by the [overlap policy](crate::Schedule::overlap).
    Skipped {
        /// The id of the run that had not ended.
        running: String,
    },
    /// No engine was there, and it was not [made up](crate::Schedule::missed).
    Missed {
        /// The last of the nominal times from this one on that were missed.
        #[serde(serialize_with = "crate::record::millis::serialize")]
        until: SystemTime,
        /// How many they are, counted up to 100.
        count: u64,
    },
}

fn moments<S: serde::Serializer>(moments: &[SystemTime], serializer: S) -> Result<S::Ok, S::Error> {
    struct Millis(SystemTime);
    impl Serialize for Millis {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            crate::record::millis::serialize(&self.0, serializer)
        }
    }
    serializer.collect_seq(moments.iter().map(|moment| Millis(*moment)))
}

/// A schedule, and whether an engine says that it has its workflow.
pub(super) struct Facts {
    row: ScheduleRow,
    is_served: bool,
}

pub(super) fn facts(store: &dyn Store, rows: Vec<ScheduleRow>) -> Result<Vec<Facts>, StoreError> {
    let served: BTreeSet<_> = store.leases()?.iter().filter_map(served_by).flatten().collect();
    let facts = rows.into_iter().map(|row| {
        let is_served = served.contains(&(row.workflow.clone(), row.version));
        Facts { row, is_served }
    });
    Ok(facts.collect())
}

pub(super) fn info(Facts { row, is_served }: Facts) -> ScheduleInfo {
    let ScheduleRow { name, workflow, version, spec, state, .. } = row;
    let spec = serde_json::from_str::<Spec>(&spec).map_err(|error| error.to_string());
    let times = spec.as_ref().map_err(Clone::clone).and_then(|spec| spec.times(&name));
    let unserved = || {
        format!(
            "no engine has version {version} of workflow `{workflow}`: its times wait until one is started that registers it"
        )
    };
    let is_over = match &spec {
        Ok(spec) => spec.limit.is_some_and(|limit| state.fired >= limit),
        Err(_) => true,
    };
    let mut next = Vec::new();
    if let Ok(times) = &times
        && state.paused.is_none()
        && !is_over
    {
        let mut after = state.decided;
        while next.len() < NEXT
            && let Some(nominal) = times.after(after)
        {
            next.push(moment(nominal));
            after = nominal;
        }
    }
    ScheduleInfo {
        times: spec.map_or_else(|_| "unknown to this version".to_owned(), |spec| spec.to_string()),
        blocked: times.err().or_else(|| (!is_served).then(unserved)),
        next,
        waiting: state.waiting.iter().copied().map(moment).collect(),
        last: state.recent.into_iter().map(firing).collect(),
        started: state.started,
        paused: state.paused,
        name,
        workflow,
        version,
    }
}

fn firing(row: FiringRow) -> Firing {
    let outcome = match row.outcome {
        store::FiringOutcome::Started(run) => FiringOutcome::Started { run },
        store::FiringOutcome::Skipped(running) => FiringOutcome::Skipped { running },
        store::FiringOutcome::Missed { until, count } => FiringOutcome::Missed { until: moment(until), count },
    };
    Firing { nominal: moment(row.nominal), at: moment(row.at), outcome }
}
