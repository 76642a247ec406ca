//! Lists of runs: filters, pages, counts.

use super::InspectError;
use super::inspector::{Inspector, Source};
use super::page::{Count, Page, bad_cursor, checked_limit};
use crate::context::FieldCondition;
use crate::index::FieldValue;
use crate::lengths;
use crate::record::ParkReason;
use crate::record::millis::{millis, moment};
use crate::store::{RunKey, RunQuery, RunRow, Status};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// How many rows of an index are read for one page, and for one count.
const ROWS_OF_A_PAGE: usize = 20_000;
const ROWS_OF_A_COUNT: usize = 100_000;

/// The number up to which runs are counted.
const COUNTED: usize = 10_000;

/// A filter and an order of runs: all, the newest first, 50 a page, unless restricted. All conditions must hold.
///
/// ```
/// use steadfast::{Status, inspect::RunsQuery};
/// let stuck = RunsQuery::all().status(Status::Parked).status(Status::Failed).workflow("order").label("tenant", "red");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RunsQuery {
    pub(super) query: RunQuery,
    pub(super) parent: Option<String>,
    pub(super) fields: Vec<FieldCondition>,
    pub(super) with_fields: bool,
    pub(super) cursor: Option<String>,
}

impl RunsQuery {
    /// Selects every run.
    pub fn all() -> Self {
        let query = RunQuery { newest_first: true, limit: 50, most_rows: ROWS_OF_A_PAGE, ..RunQuery::default() };
        Self { query, parent: None, fields: Vec::new(), with_fields: false, cursor: None }
    }

    /// Selects only runs in this status; each further call adds a status.
    pub fn status(mut self, status: Status) -> Self {
        self.query.statuses.push(status);
        self
    }

    /// Selects only runs of this workflow.
    pub fn workflow(mut self, name: impl Into<String>) -> Self {
        self.query.workflow = Some(name.into());
        self
    }

    /// Selects only runs with this label; with several calls, only those with all labels.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.labels.push((name.into(), value.into()));
        self
    }

    /// Selects only runs in which an indexed field meets a condition; with several calls, all of them. Without a
    /// [`workflow`](Self::workflow) the field is searched for in every workflow.
    ///
    /// ```
    /// use steadfast::inspect::{FieldCondition, RunsQuery};
    /// # fn main() -> Result<(), String> {
    /// let paid = RunsQuery::all().field(FieldCondition::parse("status=paid")?).field(FieldCondition::parse("total>=100")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn field(mut self, condition: FieldCondition) -> Self {
        self.fields.push(condition);
        self
    }

    /// Returns with each run the values of its indexed fields.
    pub fn with_fields(mut self) -> Self {
        self.with_fields = true;
        self
    }

    /// Selects only runs whose id begins with this.
    pub fn id_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.query.id_prefix = Some(prefix.into());
        self
    }

    /// Selects only runs whose id contains this text, in upper or lower case as it is here. No index has that: a page among
    /// many runs may have fewer than there are, and a [`next`](Page::next).
    pub fn id_contains(mut self, text: impl Into<String>) -> Self {
        self.query.id_contains = Some(text.into());
        self
    }

    /// Selects only runs that the run with this id has started.
    pub fn parent(mut self, id: impl Into<String>) -> Self {
        self.parent = Some(id.into());
        self
    }

    /// Selects only runs that the run whose first one has this number has started.
    pub(super) fn of_first_run(mut self, number: i64) -> Self {
        (self.parent, self.query.parent) = (None, Some(number));
        self
    }

    /// Selects only runs that were started at this time or later.
    pub fn started_from(mut self, time: SystemTime) -> Self {
        self.query.created.0 = Some(millis(time));
        self
    }

    /// Selects only runs that were started before this time.
    pub fn started_before(mut self, time: SystemTime) -> Self {
        self.query.created.1 = Some(millis(time));
        self
    }

    /// Selects only runs whose status or due time last changed at this time or later.
    pub fn changed_from(mut self, time: SystemTime) -> Self {
        self.query.updated.0 = Some(millis(time));
        self
    }

    /// Selects only runs whose status or due time last changed before this time.
    pub fn changed_before(mut self, time: SystemTime) -> Self {
        self.query.updated.1 = Some(millis(time));
        self
    }

    /// Orders the runs as they came into the database, instead of the newest first.
    pub fn oldest_first(mut self) -> Self {
        self.query.newest_first = false;
        self
    }

    /// Sets how many runs a page has; at most 1,000.
    pub fn limit(mut self, runs: usize) -> Self {
        self.query.limit = runs;
        self
    }

    /// Selects the page after this cursor: [`Page::next`] of the page before, of the same filter and order.
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Returns the query of a store.
    ///
    /// # Errors
    /// A condition makes no sense, or the parent is not there.
    fn resolved(&self, source: &Source) -> Result<RunQuery, InspectError> {
        let bad = |why: String| Err(InspectError::BadQuery(why));
        let mut query = self.query.clone();
        checked_limit(query.limit)?;
        for (what, (from, to)) in [("started", query.created), ("changed", query.updated)] {
            if let (Some(from), Some(to)) = (from, to)
                && from >= to
            {
                return bad(format!(
                    "no run was {what} from {from} on and before {to} (milliseconds since 1970); give the earlier time first"
                ));
            }
        }
        for (name, value) in &query.labels {
            lengths::check_label(name, value).map_err(InspectError::BadQuery)?;
        }
        let texts = [
            ("the name of a workflow", &query.workflow),
            ("the beginning of an id", &query.id_prefix),
            ("a text in an id", &query.id_contains),
        ];
        for (what, text) in texts {
            text.iter().try_for_each(|text| lengths::check(what, text, 1)).map_err(InspectError::BadQuery)?;
        }
        for condition in &self.fields {
            let asked = condition.indexed().map_err(InspectError::BadQuery)?;
            lengths::check("the name of a field", &asked.name, 1).map_err(InspectError::BadQuery)?;
            match query.fields.iter_mut().find(|other| other.name == asked.name) {
                Some(other) => other.narrow(&asked),
                None => query.fields.push(asked),
            }
        }
        query.statuses.sort_unstable_by_key(|status| status.as_str());
        query.statuses.dedup();
        if let Some(id) = &self.parent {
            let parent = source.run(id)?;
            query.parent = Some(parent.first_run);
        }
        query.after = self.cursor.as_deref().map(|cursor| read_cursor(cursor, query.newest_first)).transpose()?;
        Ok(query)
    }
}

/// Writes a cursor: the order, and the number of the last run.
fn cursor(number: i64, newest_first: bool) -> String {
    format!("{}{number:x}", if newest_first { 'n' } else { 'o' })
}

fn read_cursor(text: &str, newest_first: bool) -> Result<i64, InspectError> {
    let number = text.strip_prefix(if newest_first { 'n' } else { 'o' });
    let number = number.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    number.and_then(|digits| i64::from_str_radix(digits, 16).ok()).ok_or_else(|| bad_cursor(text))
}

/// A run in a list, as its row describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RunSummary {
    /// The run's id. One whose id another run has taken has `~` and its number behind it.
    pub id: String,
    /// The run's number in the database; never reused.
    pub number: i64,
    /// The workflow's name.
    pub workflow: String,
    /// The version of the workflow that it was started with.
    pub version: u32,
    /// The run's status.
    pub status: Status,
    /// The number of entries in its history.
    pub entries: u64,
    /// The time of its start.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub started_at: SystemTime,
    /// The time at which its status or its due time last changed; for a run that has ended, the time of its end.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub changed_at: SystemTime,
    /// The end of its sleep, if it sleeps.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub sleeps_until: Option<SystemTime>,
    /// The queue in which it waits for room to begin and to go on.
    pub queue: Option<String>,
    /// The reason why it is parked, if it is: for a run that differs from its code, with both sides.
    pub parked: Option<ParkReason>,
    /// The number of the first run with its id, before a continue-as-new or a rewind; its own if it is the first.
    pub first_run: i64,
    /// The first run with the id of the run that started it, by its number.
    pub parent: Option<i64>,
    /// The run with whose history it began, or whose id it took, by its number.
    pub forked_from: Option<i64>,
    /// The run that took its id, by its number.
    pub successor: Option<i64>,
    /// The values of its indexed fields, by name, if they were asked for: a long text by its beginning, a whole number of more
    /// than 64 bits as text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, serde_json::Value>,
}

impl RunSummary {
    pub(super) fn of(row: RunRow) -> Self {
        let sleeping = row.status == Status::Sleeping;
        let parked = (row.status == Status::Parked).then(|| ParkReason::of_row(row.parked.as_deref()));
        Self {
            number: row.number,
            version: row.version,
            status: row.status,
            entries: row.seq,
            started_at: moment(row.created_at),
            changed_at: moment(row.updated_at),
            sleeps_until: row.wake_at.filter(|_| sleeping).map(moment),
            parked,
            queue: row.queue,
            first_run: row.first_run,
            parent: row.parent,
            forked_from: row.forked_from,
            successor: row.successor,
            fields: BTreeMap::new(),
            id: row.id,
            workflow: row.workflow,
        }
    }
}

/// How many runs have a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StatusCount {
    /// The status.
    pub status: Status,
    /// How many runs have it.
    pub count: Count,
}

impl Source {
    /// Returns the row of a run by its id.
    pub(super) fn run(&self, id: &str) -> Result<RunRow, InspectError> {
        let row = self.store.run(RunKey::Id(id))?;
        row.ok_or_else(|| InspectError::NoSuchRun { id: id.to_owned() })
    }

    /// Adds the values of indexed fields.
    pub(super) fn add_fields(&self, runs: &mut [RunSummary]) -> Result<(), InspectError> {
        let numbers: Vec<_> = runs.iter().map(|run| run.number).collect();
        for (run, fields) in runs.iter_mut().zip(self.store.indexed_of(&numbers)?) {
            run.fields = fields.into_iter().map(|(name, key)| (name, FieldValue::shown(&key))).collect();
        }
        Ok(())
    }

    fn count(&self, query: RunQuery) -> Result<Count, InspectError> {
        let query = RunQuery { after: None, limit: COUNTED, most_rows: ROWS_OF_A_COUNT, ..query };
        let (value, capped) = self.store.count(&query)?;
        Ok(Count { value, capped })
    }
}

impl Inspector {
    /// Returns a page of the runs that match a query. Its cost does not depend on the number of runs: at most 20,000 rows of
    /// each index are read.
    ///
    /// # Errors
    /// A condition of the query makes no sense, or the database cannot be read.
    pub async fn runs(&self, query: &RunsQuery) -> Result<Page<RunSummary>, InspectError> {
        let (query, with_fields) = (query.clone(), query.with_fields);
        self.ask(move |source| {
            let query = query.resolved(source)?;
            let found = source.store.runs(&query)?;
            let next = found.next.map(|number| cursor(number, query.newest_first));
            let damaged = found.damaged.iter().map(ToString::to_string).collect();
            let mut items: Vec<_> = found.runs.into_iter().map(RunSummary::of).collect();
            if with_fields {
                source.add_fields(&mut items)?;
            }
            Ok(Page { items, next, damaged })
        })
        .await
    }

    /// Returns the same query with its parent looked up: later pages do not depend on who has the parent's id then.
    pub(crate) async fn with_parent(&self, query: &RunsQuery) -> Result<RunsQuery, InspectError> {
        let Some(id) = query.parent.clone() else { return Ok(query.clone()) };
        let parent = self.ask(move |source| source.run(&id)).await?;
        Ok(query.clone().of_first_run(parent.first_run))
    }

    /// Counts the runs that match a query, up to 10,000; of a condition that no index has, among 100,000 rows.
    ///
    /// # Errors
    /// Those of [`runs`](Self::runs).
    pub async fn count(&self, query: &RunsQuery) -> Result<Count, InspectError> {
        let query = query.clone();
        self.ask(move |source| source.count(query.resolved(source)?)).await
    }

    /// Counts the runs that match a query by their status, in the order of a run's life and without those that have none;
    /// each as [`count`](Self::count) does.
    ///
    /// # Errors
    /// Those of [`runs`](Self::runs).
    pub async fn count_by_status(&self, query: &RunsQuery) -> Result<Vec<StatusCount>, InspectError> {
        let query = query.clone();
        self.ask(move |source| {
            let query = query.resolved(source)?;
            let wanted = |status: &Status| query.statuses.is_empty() || query.statuses.contains(status);
            let mut counts = Vec::new();
            for status in Status::ALL.into_iter().filter(wanted) {
                let count = source.count(RunQuery { statuses: vec![status], ..query.clone() })?;
                if count.value > 0 || count.capped {
                    counts.push(StatusCount { status, count });
                }
            }
            Ok(counts)
        })
        .await
    }
}
