//! Finds the runs of a list. Several indexes may serve a query, and which of them reads the fewest rows depends on the
//! data. So they take turns with a growing number of rows, until one has a full page or no more rows.
//!
//! This costs a small multiple of the best index alone, whatever the query and the rows.

use super::indexed::{TERMS, by_field, has};
use super::read::Reader;
use super::select::{Bound, Values, end_of_prefix};
use super::{Cell, Session};
use crate::store::{RunQuery, Status, StoreError};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// The number of rows that each index may read in the first round, and the factor by which it grows.
const FIRST_ROUND: usize = 1_024;
const GROWTH: usize = 8;

/// One index that serves a query: its rows, each with whether it matches the other conditions.
#[derive(Debug)]
pub(super) struct Way<'a> {
    /// The query, which returns number and match; its first value is the number after which it begins.
    pub(super) text: String,
    pub(super) values: Values<'a>,
    /// Whether rows come in ascending order of the number, so that it may stop at a full page and continue from there.
    pub(super) in_order: bool,
    /// Whether every row matches, so that no row is read in vain.
    pub(super) exact: bool,
    /// The queries that `text` merges, if it merges several, and the order in which it does.
    pub(super) parts: Vec<String>,
    pub(super) order: &'static str,
}

impl Way<'_> {
    /// Returns the query for at most so many rows. Each of several parts gets the limit too: without one, Postgres reads
    /// and sorts all of their rows.
    fn limited(&self, rows: usize) -> String {
        let order = self.order;
        let parts: Vec<_> =
            self.parts.iter().map(|part| format!("({part} ORDER BY number{order} LIMIT {rows})")).collect();
        match &parts[..] {
            [] => format!("{} LIMIT {rows}", self.text),
            parts => format!("{} ORDER BY number{order} LIMIT {rows}", parts.join(" UNION ALL ")),
        }
    }
}

/// Returns every index that serves a query. Returns `None` for a query of the engine, or one in the order of ids.
///
/// `workflows` are those in which a field is searched for, unless they are too many for an index.
pub(super) fn ways<'a>(query: &'a RunQuery, workflows: Option<&'a [String]>) -> Option<Vec<Way<'a>>> {
    let of_the_engine = query.lease.is_some()
        || query.unowned.is_some()
        || query.wake_at.is_some()
        || query.by_wake_at
        || query.updated_after.is_some();
    // The index of ids serves this query alone, in its own order.
    if query.by_id || of_the_engine || query.forked_from.is_some() {
        return None;
    }
    let prefix = query.id_prefix.as_deref().filter(|prefix| !prefix.is_empty());
    let mut ways: Vec<_> = (0..query.labels.len()).map(|label| by_label(query, prefix, label)).collect();
    let fields = (0..query.fields.len()).zip(workflows.into_iter().cycle());
    let fields = fields.filter(|(field, workflows)| workflows.len() * query.fields[*field].ranges.len() <= TERMS);
    ways.extend(fields.map(|(field, workflows)| by_field(query, prefix, field, workflows)));
    if !query.statuses.is_empty() || query.workflow.is_some() {
        ways.push(by_state(query, prefix));
    }
    ways.extend(query.parent.map(|parent| by_parent(query, prefix, parent)));
    ways.extend(prefix.map(|prefix| by_prefix(query, prefix)));
    // The index of all runs, for a query that nearly all of them match. Alone it serves a query without conditions.
    if ways.is_empty() || ways.iter().all(|way| !way.in_order) {
        ways.push(all(query, prefix));
    }
    Some(ways)
}

/// The first matching runs, and where the search ended if it was not complete.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) numbers: Vec<i64>,
    pub(super) ended_at: Option<i64>,
}

impl<S: Session> Reader<'_, S> {
    /// Returns the numbers of the first matching runs, in order, by whichever index ends first.
    pub(super) fn first(&self, query: &RunQuery, ways: Vec<Way<'_>>) -> Result<Found, StoreError> {
        let start = query.after.unwrap_or(if query.newest_first { i64::MAX } else { i64::MIN });
        let mut ways: Vec<_> = match ways.iter().position(|way| way.exact && way.in_order) {
            Some(exact) => ways.into_iter().skip(exact).take(1).collect(),
            None => ways,
        }
        .into_iter()
        .map(|way| (way, Walk { after: start, found: Vec::new() }))
        .collect();
        let alone = ways.len() == 1;
        let mut rows = if alone && S::STREAMS { query.most_rows } else { FIRST_ROUND.min(query.most_rows) };
        let mut spent = 0_usize;
        loop {
            for (way, walk) in &mut ways {
                if self.walk(way, walk, rows, query)? {
                    return Ok(Found { numbers: std::mem::take(&mut walk.found), ended_at: None });
                }
            }
            spent = spent.saturating_add(rows);
            if spent >= query.most_rows {
                return Ok(farthest(ways, query.newest_first));
            }
            rows = rows.saturating_mul(GROWTH).min(query.most_rows - spent);
        }
    }

    /// Reads at most `rows` rows of an index; returns whether `walk` is complete.
    fn walk(&self, way: &Way<'_>, walk: &mut Walk, rows: usize, query: &RunQuery) -> Result<bool, StoreError> {
        let limit = query.limit;
        if !way.in_order {
            walk.found.clear();
        }
        let Walk { after, found } = walk;
        let rows = if way.exact && way.in_order { rows.min(limit - found.len()) } else { rows };
        let mut values = vec![Cell::Int(*after)];
        values.extend(way.values.iter().map(Bound::cell));
        let (mut seen, mut full) = (0, false);
        let text = if S::STREAMS { Cow::Borrowed(&way.text) } else { Cow::Owned(way.limited(rows)) };
        self.session.select(&text, &values, &mut |row| {
            seen += 1;
            let Cell::Int(number) = row.cell(0) else { return ControlFlow::Continue(()) };
            if way.in_order {
                *after = number;
            }
            if row.cell(1) == Cell::Int(1) {
                found.push(number);
            }
            full = way.in_order && found.len() >= limit;
            if full || seen >= rows { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if !full && seen >= rows {
            return Ok(false);
        }
        if !way.in_order {
            found.sort_unstable();
            if query.newest_first {
                found.reverse();
            }
            found.truncate(limit);
        }
        Ok(true)
    }
}

/// Returns what the index has found that has come farthest: all matches up to where it ended.
fn farthest(ways: Vec<(Way<'_>, Walk)>, newest_first: bool) -> Found {
    let in_order = ways.into_iter().filter(|(way, _)| way.in_order).map(|(_, walk)| walk);
    let far = |walk: &Walk| if newest_first { -i128::from(walk.after) } else { walk.after.into() };
    let walk = in_order.max_by_key(far);
    walk.map_or_else(Found::default, |walk| Found { numbers: walk.found, ended_at: Some(walk.after) })
}

/// The progress of one index.
#[derive(Debug)]
struct Walk {
    after: i64,
    found: Vec<i64>,
}

fn all<'a>(query: &'a RunQuery, prefix: Option<&'a str>) -> Way<'a> {
    let mut values = Values::after_one();
    let fits = [id_in(&mut values, prefix), marks_but(&mut values, query, None, None), row_fits(&mut values, query)];
    let from = format!("FROM steadfast_runs r WHERE number {} ?1 ORDER BY number{}", beyond(query), order(query));
    way(&from, "number", &fits, values, true)
}

fn by_parent<'a>(query: &'a RunQuery, prefix: Option<&'a str>, parent: i64) -> Way<'a> {
    let mut values = Values::after_one();
    let parent = values.bind(Bound::Int(parent));
    let fits = [
        id_in(&mut values, prefix),
        marks_but(&mut values, query, None, None),
        workflow_is(&mut values, query),
        status_in(&mut values, query),
        values_fit(&mut values, query, "r."),
    ];
    let (beyond, order) = (beyond(query), order(query));
    let from = format!("FROM steadfast_runs r WHERE parent = {parent} AND number {beyond} ?1 ORDER BY number{order}");
    way(&from, "number", &fits, values, true)
}

/// Finds runs by status, workflow, or both. An index yields each status in order, so those of several statuses are
/// merged.
fn by_state<'a>(query: &'a RunQuery, prefix: Option<&'a str>) -> Way<'a> {
    let mut values = Values::after_one();
    let workflow = query.workflow.as_deref().map(|workflow| values.bind(Bound::Text(workflow)));
    let fits =
        fits(&[id_in(&mut values, prefix), marks_but(&mut values, query, None, None), row_fits(&mut values, query)]);
    let of_workflow = workflow.map_or_else(String::new, |workflow| format!("workflow = {workflow} AND "));
    let mut statuses: Vec<Status> = query.statuses.clone();
    if statuses.is_empty() {
        statuses = Status::ALL.to_vec();
    }
    statuses.sort_unstable_by_key(|status| status.as_str());
    statuses.dedup();
    let parts: Vec<_> = statuses
        .into_iter()
        .map(|status| {
            let status = values.bind(Bound::Text(status.as_str()));
            format!(
                "SELECT number, {} FROM steadfast_runs r WHERE {of_workflow}status = {status} AND number {} ?1",
                fits.0,
                beyond(query)
            )
        })
        .collect();
    let order = order(query);
    let text = format!("{} ORDER BY number{order}", parts.join(" UNION ALL "));
    let parts = if parts.len() > 1 { parts } else { Vec::new() };
    Way { text, values, in_order: true, exact: fits.1, parts, order }
}

fn by_prefix<'a>(query: &'a RunQuery, prefix: &'a str) -> Way<'a> {
    let mut values = Values::after_one();
    let range = id_in(&mut values, Some(prefix));
    let fits = [
        Some(format!("number {} ?1", beyond(query))),
        workflow_is(&mut values, query),
        status_in(&mut values, query),
        marks_but(&mut values, query, None, None),
        row_fits(&mut values, query),
    ];
    let range = range.unwrap_or_default();
    way(&format!("FROM steadfast_runs r WHERE {range}"), "number", &fits, values, false)
}

fn by_label<'a>(query: &'a RunQuery, prefix: Option<&'a str>, label: usize) -> Way<'a> {
    let mut values = Values::after_one();
    let (name, value) = &query.labels[label];
    let (name, value) = (values.bind(Bound::Text(name)), values.bind(Bound::Text(value)));
    let fits = [
        marks_but(&mut values, query, Some(label), None),
        workflow_is(&mut values, query),
        status_in(&mut values, query),
        id_in(&mut values, prefix),
        row_fits(&mut values, query),
    ];
    // Joins the run's row only if a condition needs it.
    let runs = if fits[1..].iter().any(Option::is_some) {
        (" CROSS JOIN steadfast_runs r", "r.number = l.run AND ")
    } else {
        ("", "")
    };
    let fits = fits.map(|fit| fit.map(|fit| fit.replace("r.number", "l.run")));
    let from = format!(
        "FROM steadfast_labels l{} WHERE {}l.name = {name} AND l.value = {value} AND l.run {} ?1 ORDER BY l.run{}",
        runs.0,
        runs.1,
        beyond(query),
        order(query)
    );
    way(&from, "l.run", &fits, values, true)
}

/// Returns the comparison of numbers with that after which the query continues.
pub(super) const fn beyond(query: &RunQuery) -> &'static str {
    if query.newest_first { "<" } else { ">" }
}

pub(super) const fn order(query: &RunQuery) -> &'static str {
    if query.newest_first { " DESC" } else { "" }
}

fn way<'a>(from: &str, number: &str, conditions: &[Option<String>], values: Values<'a>, in_order: bool) -> Way<'a> {
    let (fits, exact) = fits(conditions);
    let text = format!("SELECT {number}, {fits} {from}");
    Way { text, values, in_order, exact, parts: Vec::new(), order: "" }
}

/// Joins all conditions into one expression, and returns whether there are none.
pub(super) fn fits(conditions: &[Option<String>]) -> (String, bool) {
    let conditions: Vec<&str> = conditions.iter().flatten().map(String::as_str).collect();
    if conditions.is_empty() { ("1".to_owned(), true) } else { (format!("({})", conditions.join(" AND ")), false) }
}

pub(super) fn id_in<'a>(values: &mut Values<'a>, prefix: Option<&'a str>) -> Option<String> {
    let prefix = prefix?;
    let from = values.bind(Bound::Text(prefix));
    let to = end_of_prefix(prefix).map(|end| format!(" AND id < {}", values.bind(Bound::Own(end))));
    Some(format!("id >= {from}{}", to.unwrap_or_default()))
}

pub(super) fn workflow_is<'a>(values: &mut Values<'a>, query: &'a RunQuery) -> Option<String> {
    let workflow = query.workflow.as_deref()?;
    Some(format!("workflow = {}", values.bind(Bound::Text(workflow))))
}

pub(super) fn status_in(values: &mut Values<'_>, query: &RunQuery) -> Option<String> {
    let words: Vec<_> = query.statuses.iter().map(|status| values.bind(Bound::Text(status.as_str()))).collect();
    (!words.is_empty()).then(|| format!("status IN ({})", words.join(", ")))
}

/// Returns the conditions on labels and indexed fields.
pub(super) fn marks_but<'a>(
    values: &mut Values<'a>,
    query: &'a RunQuery,
    label: Option<usize>,
    field: Option<usize>,
) -> Option<String> {
    let labels = query.labels.iter().enumerate().filter(|(n, _)| Some(*n) != label);
    let mut marks: Vec<_> = labels
        .map(|(_, (name, value))| {
            let (name, value) = (values.bind(Bound::Text(name)), values.bind(Bound::Text(value)));
            format!("EXISTS (SELECT 1 FROM steadfast_labels o WHERE o.run = r.number AND o.name = {name} AND o.value = {value})")
        })
        .collect();
    marks.extend(
        query.fields.iter().enumerate().filter(|(n, _)| Some(*n) != field).map(|(_, asked)| has(values, asked)),
    );
    (!marks.is_empty()).then(|| marks.join(" AND "))
}

/// Returns the conditions on columns of the row that no index of a list has.
pub(super) fn row_fits(values: &mut Values<'_>, query: &RunQuery) -> Option<String> {
    let parent = query.parent.map(|parent| format!("r.parent = {}", values.bind(Bound::Int(parent))));
    let others = values_fit(values, query, "r.");
    let conditions: Vec<_> = [parent, others].into_iter().flatten().collect();
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

/// Returns the conditions on text and times. `row` is the prefix of columns.
pub(super) fn values_fit(values: &mut Values<'_>, query: &RunQuery, row: &str) -> Option<String> {
    let mut conditions = Vec::new();
    if let Some(text) = query.id_contains.as_ref().filter(|text| !text.is_empty()) {
        conditions.push(format!("instr({row}id, {}) > 0", values.bind(Bound::Own(text.clone()))));
    }
    for (column, (from, to)) in [("created_at", query.created), ("updated_at", query.updated)] {
        conditions.extend(from.map(|from| format!("{row}{column} >= {}", values.bind(Bound::Int(from)))));
        conditions.extend(to.map(|to| format!("{row}{column} < {}", values.bind(Bound::Int(to)))));
    }
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}
