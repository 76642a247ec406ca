//! Schedules as people and programs see them.

use super::InspectError;
use super::fleet::served;
use super::inspector::Inspector;
use super::page::{Page, Paging};
use crate::record::millis::moment;
use crate::schedule::{self, Spec, Times, plan};
use crate::store::{self, FireSource, FiringRow, ScheduleRow, Store, StoreError};
use serde::Serialize;
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
    /// Why nothing of it is started, although it is not paused: no live engine has its workflow, or this version cannot
    /// read it. An engine that was killed counts as live as in [`Health::unserved`](crate::Health::unserved).
    pub blocked: Option<String>,
    /// Its next nominal times, at most ten: none if it is paused or over. Those that were [missed](crate::Schedule::missed)
    /// and start nothing are not among them.
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
    /// How it went; in JSON its fields stand beside the others, tagged by `outcome`.
    #[serde(flatten)]
    pub outcome: FiringOutcome,
}

/// How a nominal time of a schedule went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
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

/// A schedule, and what else is known of it at one moment.
pub(crate) struct Facts {
    row: ScheduleRow,
    /// Whether a live engine has its workflow.
    is_served: bool,
    /// The time, by the clock of the database.
    now: i64,
}

/// Returns schedules with what is known of them at the time `now` of the database; `gone` are leases of engines that died.
pub(crate) fn facts(
    store: &dyn Store,
    rows: Vec<ScheduleRow>,
    gone: &[i64],
    now: i64,
) -> Result<Vec<Facts>, StoreError> {
    let served = served(&store.leases()?, gone);
    let facts = rows.into_iter().map(|row| {
        let is_served = served.contains(&(row.workflow.clone(), row.version));
        Facts { row, is_served, now }
    });
    Ok(facts.collect())
}

pub(crate) fn info(Facts { row, is_served, now }: Facts) -> ScheduleInfo {
    let unserved = || {
        format!(
            "no engine has version {} of workflow `{}`: its times wait until one is started that registers it",
            row.version, row.workflow
        )
    };
    let read = schedule::read(&row);
    let next = read.as_ref().map_or_else(|_| Vec::new(), |(spec, times)| next(&row, spec, times, now));
    let shown = serde_json::from_str::<Spec>(&row.spec);
    let blocked = read.err().or_else(|| (!is_served).then(unserved));
    let ScheduleRow { name, workflow, version, state, .. } = row;
    ScheduleInfo {
        times: shown.map_or_else(|_| "unknown to this version".to_owned(), |spec| spec.to_string()),
        blocked,
        next,
        waiting: state.waiting.iter().copied().map(moment).collect(),
        last: state.recent.into_iter().map(fired).collect(),
        started: state.started,
        paused: state.paused,
        name,
        workflow,
        version,
    }
}

/// Returns the nominal times that start runs next: the first one is what would be fired now of those that were missed.
fn next(row: &ScheduleRow, spec: &Spec, times: &Times, now: i64) -> Vec<SystemTime> {
    if row.state.paused.is_some() || spec.is_over(row.state.fired) {
        return Vec::new();
    }
    let planned = plan(row, spec, times, now);
    let fired = planned.fire.filter(|(_, source)| *source == FireSource::Due).map(|(nominal, _)| nominal);
    let mut after = planned.decided;
    let later = std::iter::from_fn(|| {
        after = times.after(after)?;
        Some(after)
    });
    fired.into_iter().chain(later).take(NEXT).map(moment).collect()
}

fn fired(row: FiringRow) -> Firing {
    let outcome = match row.outcome {
        store::FiringOutcome::Started(run) => FiringOutcome::Started { run },
        store::FiringOutcome::Skipped(running) => FiringOutcome::Skipped { running },
        store::FiringOutcome::Missed { until, count } => FiringOutcome::Missed { until: moment(until), count },
    };
    Firing { nominal: moment(row.nominal), at: moment(row.at), outcome }
}

impl Inspector {
    /// Returns a page of the schedules, in order of their names.
    ///
    /// # Errors
    /// The page is of 0 or more than 1,000 items, or the database cannot be read.
    pub async fn schedules(&self, paging: &Paging) -> Result<Page<ScheduleInfo>, InspectError> {
        let paging = paging.clone();
        self.ask(move |source| {
            let limit = paging.checked()?;
            let rows = source.store.schedules(paging.text(), limit + 1)?;
            let Page { items, next, .. } = Page::of_one_more(rows, limit, |row| row.name.clone());
            let gone = source.hearing.gone(&source.store.leases()?);
            let facts = facts(&*source.store, items, &gone, source.store.clock()?)?;
            Ok(Page::new(facts.into_iter().map(info).collect(), next))
        })
        .await
    }
}
