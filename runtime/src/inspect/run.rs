//! One run: what it waits for, under what it acts, and the runs around it.

use super::inspector::{Inspector, Source};
use super::page::{Count, Page, Paging};
use super::runs::RunSummary;
use super::shown::Shown;
use super::waits::{self, Wait};
use super::{InspectError, fleet};
use crate::machine::recorded_scope;
use crate::record::Principal;
use crate::record::millis::moment;
use crate::store::{EntryRow, RunKey, RunQuery, RunRow, Status, StoreError, successor};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// How many children, and forks, a run is shown with.
const SHOWN: usize = 20;

/// How many runs that had the same id are shown.
const CHAIN: usize = 50;

/// The number up to which children are counted.
const COUNTED: usize = 10_000;

/// One run in full. In JSON, the fields of its [`RunSummary`] stand beside the others.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RunDetails {
    /// The run as a list shows it.
    #[serde(flatten)]
    pub run: RunSummary,
    /// What it waits for, in the order of its calls, as far as rows say; empty once it has ended. A field store or a hook
    /// that fails is known to the engine that drives the run alone.
    #[serde(serialize_with = "serialize_waits")]
    pub waits_for: Vec<Wait>,
    /// Its input.
    pub input: Option<Shown>,
    /// Its result, its error or the reason of its end, once it has ended.
    pub outcome: Option<Shown>,
    /// The random id of this execution, of which its idempotency keys are made.
    pub execution: String,
    /// The labels by which it can be found.
    pub labels: BTreeMap<String, String>,
    /// The principal for whom it acts.
    pub principal: Option<Principal>,
    /// The latest end of the run.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub deadline: Option<SystemTime>,
    /// Its deduplication key, which no other run has until this one ends.
    pub deduplication_key: Option<String>,
    /// The id of the worker that drives it; `None` if none does.
    pub worker: Option<String>,
    /// How many processes in succession died with the run at work.
    pub deaths: u32,
    /// How many items wait in its inbox, counted up to 20.
    pub inbox: Count,
    /// The run that started it and whose cancellation reaches it.
    pub parent: Option<RunRef>,
    /// The first of the runs that it started; [`RunsQuery::parent`](super::RunsQuery::parent) finds all.
    pub children: Vec<RunRef>,
    /// How many runs it started.
    pub children_count: Count,
    /// The run with whose history it began, or whose id it took.
    pub forked_from: Option<RunRef>,
    /// The first of the runs that began with its history and have an id of their own.
    pub forks: Vec<RunRef>,
    /// All runs that have had its id, the first one first: each but the last was replaced by the next one. At most 50: of a
    /// longer chain, those up to this run.
    pub chain: Vec<RunRef>,
}

/// Another run, as far as it is known by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RunRef {
    /// The run's id.
    pub id: String,
    /// The run's number in the database.
    pub number: i64,
    /// The workflow's name.
    pub workflow: String,
    /// The run's status.
    pub status: Status,
}

impl RunRef {
    pub(super) fn of(row: RunRow) -> Self {
        Self { id: row.id, number: row.number, workflow: row.workflow, status: row.status }
    }
}

/// Writes each wait as one flat object: `for`, the fields of what is waited for, `since`, `until`, and `text` and `help`
/// for people.
fn serialize_waits<S: Serializer>(waits: &[Wait], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(waits.iter().map(waits::Flat))
}

impl Source {
    fn details(&self, id: &str) -> Result<RunDetails, InspectError> {
        let gone = || InspectError::NoSuchRun { id: id.to_owned() };
        let number = self.run(id)?.number;
        let (row, waits_for) = waits::read(&*self.store, &self.seen, &self.hearing, &[], number)?.ok_or_else(gone)?;
        let first = self.store.entries(number, 0, 2)?;
        let scope = first.iter().find_map(recorded_scope).unwrap_or_default();
        let input = first.into_iter().next().and_then(|entry| entry.value).as_ref().map(Shown::of);
        let (children, children_count) = self.children(&row)?;
        let mut run = RunSummary::of(row.clone());
        self.add_fields(std::slice::from_mut(&mut run))?;
        Ok(RunDetails {
            waits_for,
            input,
            outcome: self.outcome(&row)?,
            execution: data_encoding::HEXLOWER.encode(&row.execution),
            labels: self.store.labels(number)?.into_iter().collect(),
            principal: scope.principal,
            deadline: scope.deadline.map(moment),
            deduplication_key: row.dedup.clone(),
            worker: self.worker(&row)?,
            deaths: row.loads,
            inbox: self.inbox_count(number)?,
            parent: row.parent.map(|parent| self.current(parent)).transpose()?.flatten(),
            children,
            children_count,
            forked_from: self.reference(row.forked_from)?,
            forks: self.forks(&row)?,
            chain: self.chain(&row)?,
            run,
        })
    }

    /// Returns the value of the last entry of a run that has ended.
    fn outcome(&self, row: &RunRow) -> Result<Option<Shown>, StoreError> {
        if !row.status.is_final() {
            return Ok(None);
        }
        let last = self.store.entries(row.number, row.seq.saturating_sub(1), 1)?.pop();
        Ok(last.and_then(|EntryRow { value, .. }| value).as_ref().map(Shown::of))
    }

    fn worker(&self, row: &RunRow) -> Result<Option<String>, StoreError> {
        let Some(number) = row.lease else { return Ok(None) };
        let held = self.store.leases()?.into_iter().filter(|lease| lease.number == number);
        Ok(fleet::workers(held.collect()).pop().map(|worker| worker.id))
    }

    fn inbox_count(&self, run: i64) -> Result<Count, StoreError> {
        const COUNTED: usize = 20;
        let found = self.store.inbox(RunKey::Number(run), 0, COUNTED + 1)?.len();
        Ok(Count { value: found.min(COUNTED) as u64, capped: found > COUNTED })
    }

    fn reference(&self, number: Option<i64>) -> Result<Option<RunRef>, StoreError> {
        let row = number.map(|number| self.store.run(RunKey::Number(number))).transpose()?;
        Ok(row.flatten().map(RunRef::of))
    }

    /// Returns the run that has the id of a first run now.
    fn current(&self, first_run: i64) -> Result<Option<RunRef>, StoreError> {
        let Some(first) = self.store.run(RunKey::Number(first_run))? else { return Ok(None) };
        let now = self.store.run(RunKey::Id(first.id_at_work()))?.filter(|row| row.first_run == first_run);
        Ok(Some(RunRef::of(now.unwrap_or(first))))
    }

    fn children(&self, row: &RunRow) -> Result<(Vec<RunRef>, Count), StoreError> {
        let query = RunQuery { parent: Some(row.first_run), limit: SHOWN, ..RunQuery::default() };
        let page = self.store.runs(&query)?;
        let children: Vec<_> = page.runs.into_iter().map(RunRef::of).collect();
        let count = (children.len() + page.damaged.len()) as u64;
        if page.next.is_none() {
            return Ok((children, Count { value: count, capped: false }));
        }
        let (value, capped) = self.store.count(&RunQuery { limit: COUNTED, ..query })?;
        Ok((children, Count { value, capped }))
    }

    fn forks(&self, row: &RunRow) -> Result<Vec<RunRef>, StoreError> {
        let query = RunQuery { forked_from: Some(row.number), limit: SHOWN, ..RunQuery::default() };
        let page = self.store.runs(&query)?;
        Ok(page.runs.into_iter().filter(|fork| fork.first_run != row.first_run).map(RunRef::of).collect())
    }

    /// Returns the runs that have had the id of a run, the first one first.
    fn chain(&self, row: &RunRow) -> Result<Vec<RunRef>, StoreError> {
        let mut chain = std::collections::VecDeque::from([row.clone()]);
        while chain.len() < CHAIN
            && let Some(earlier) =
                chain.front().and_then(|first| first.forked_from.filter(|_| first.first_run != first.number))
            && let Some(earlier) = self.store.run(RunKey::Number(earlier))?
        {
            chain.push_front(earlier);
        }
        while chain.len() < CHAIN
            && let Some(next) = chain.back().map(|last| successor(&*self.store, last)).transpose()?.flatten()
        {
            chain.push_back(next);
        }
        Ok(chain.into_iter().map(RunRef::of).collect())
    }
}

impl Inspector {
    /// Returns one run by its id. The last 10,000 entries of its history are read for what it waits for.
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn run(&self, id: &str) -> Result<RunDetails, InspectError> {
        let id = id.to_owned();
        self.ask(move |source| source.details(&id)).await
    }

    /// Returns a page of the runs that began with the history of a run, or took its id, in the order of their start.
    ///
    /// # Errors
    /// No run has this id, the cursor is none of this list, or the database cannot be read.
    pub async fn forks(&self, id: &str, paging: &Paging) -> Result<Page<RunRef>, InspectError> {
        let (id, paging) = (id.to_owned(), paging.clone());
        self.ask(move |source| {
            let (limit, after) = (paging.checked()?, paging.number::<i64>()?);
            let forked_from = Some(source.run(&id)?.number);
            let found =
                source.store.runs(&RunQuery { forked_from, after: Some(after), limit, ..RunQuery::default() })?;
            Ok(Page {
                items: found.runs.into_iter().map(RunRef::of).collect(),
                next: found.next.map(|after| after.to_string()),
                damaged: found.damaged.iter().map(ToString::to_string).collect(),
            })
        })
        .await
    }
}
