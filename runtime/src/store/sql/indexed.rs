//! Finds runs by the values of indexed fields.

use super::find::{Way, beyond, fits, id_in, marks_but, order, row_fits, status_in};
use super::read::{Reader, TOGETHER};
use super::select::{Bound, Values};
use super::{Cell, Session, queries};
use crate::store::{IndexedIn, KeyRange, RunQuery, StoreError};
use std::collections::BTreeMap;
use std::ops::{Bound as End, ControlFlow};

/// The most workflows in which a field is searched for without the name of one.
const WORKFLOWS: usize = 100;

/// The most workflows times ranges that are searched by an index: each is a term of a compound SELECT, of which SQLite
/// accepts 500.
pub(super) const TERMS: usize = 400;

/// Finds runs by the keys of an indexed field. For single keys the index yields runs in order, which are merged; for a
/// range of keys it yields them in the order of the keys.
pub(super) fn by_field<'a>(
    query: &'a RunQuery,
    prefix: Option<&'a str>,
    field: usize,
    workflows: &'a [String],
) -> Way<'a> {
    let mut values = Values::after_one();
    let (asked, order) = (&query.fields[field], order(query));
    if workflows.is_empty() || asked.ranges.is_empty() {
        let text = "SELECT number, 1 FROM steadfast_runs WHERE number IS NULL AND number > ?1".to_owned();
        return Way { text, values, in_order: true, exact: true, parts: Vec::new(), order };
    }
    let conditions = [
        marks_but(&mut values, query, None, Some(field)),
        status_in(&mut values, query),
        id_in(&mut values, prefix),
        row_fits(&mut values, query),
    ];
    let joined = if conditions[1..].iter().any(Option::is_some) {
        (" CROSS JOIN steadfast_runs r", "r.number = x.run AND ")
    } else {
        ("", "")
    };
    let (fits, exact) = fits(&conditions.map(|fit| fit.map(|fit| fit.replace("r.number", "x.run"))));
    let name = values.bind(Bound::Text(&asked.name));
    let mut parts = Vec::new();
    for workflow in workflows {
        let workflow = values.bind(Bound::Text(workflow));
        for range in &asked.ranges {
            parts.push(format!(
                "SELECT x.run AS number, {fits} FROM steadfast_indexed x{} WHERE {}x.workflow = {workflow} \
                 AND x.name = {name} AND {} AND x.run {} ?1",
                joined.0,
                joined.1,
                within(&mut values, "x.value", range),
                beyond(query)
            ));
        }
    }
    let in_order = asked.ranges.iter().all(|range| IndexedIn::alone(range).is_some());
    let text = parts.join(" UNION ALL ");
    if !in_order {
        return Way { text, values, in_order, exact, parts: Vec::new(), order };
    }
    let parts = if parts.len() > 1 { parts } else { Vec::new() };
    Way { text: format!("{text} ORDER BY number{order}"), values, in_order, exact, parts, order }
}

/// Returns the condition that a run has a key of a field in these ranges.
pub(super) fn has<'a>(values: &mut Values<'a>, asked: &'a IndexedIn) -> String {
    let name = values.bind(Bound::Text(&asked.name));
    let ranges: Vec<_> = asked.ranges.iter().map(|range| within(values, "i.value", range)).collect();
    let within = if ranges.is_empty() { "1 = 0".to_owned() } else { ranges.join(" OR ") };
    // As a value, of which a run has at most one: for `EXISTS` Postgres may read the whole index into a table of its own.
    format!("(SELECT 1 FROM steadfast_indexed i WHERE i.run = r.number AND i.name = {name} AND ({within})) IS NOT NULL")
}

fn within<'a>(values: &mut Values<'a>, column: &str, range: &'a KeyRange) -> String {
    if let Some(key) = IndexedIn::alone(range) {
        return format!("{column} = {}", values.bind(Bound::Text(key)));
    }
    let mut ends = Vec::new();
    for (end, open, closed) in [(&range.0, ">", ">="), (&range.1, "<", "<=")] {
        match end {
            End::Included(key) => ends.push(format!("{column} {closed} {}", values.bind(Bound::Text(key)))),
            End::Excluded(key) => ends.push(format!("{column} {open} {}", values.bind(Bound::Text(key)))),
            End::Unbounded => {}
        }
    }
    if ends.is_empty() { format!("{column} >= ''") } else { format!("({})", ends.join(" AND ")) }
}

impl<S: Session> Reader<'_, S> {
    /// Returns the indexed fields of runs, together where each query is a round trip.
    pub(in crate::store) fn indexed_of(&self, runs: &[i64]) -> Result<Vec<Vec<(String, String)>>, StoreError> {
        if S::STREAMS {
            return runs.iter().map(|run| self.indexed(*run)).collect();
        }
        let mut found: BTreeMap<i64, Vec<(String, String)>> = BTreeMap::new();
        for numbers in runs.chunks(TOGETHER) {
            let places: Vec<_> = (1..=numbers.len()).map(|n| format!("?{n}")).collect();
            let query = format!(
                "SELECT name, value, run FROM steadfast_indexed WHERE run IN ({}) ORDER BY run, name",
                places.join(", ")
            );
            let values: Vec<_> = numbers.iter().copied().map(Cell::Int).collect();
            self.session.select(&query, &values, &mut |row| {
                if let (Cell::Text(name), Cell::Text(value), Cell::Int(run)) = (row.cell(0), row.cell(1), row.cell(2)) {
                    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                    found.entry(run).or_default().push((text(name), text(value)));
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(runs.iter().map(|run| found.remove(run).unwrap_or_default()).collect())
    }

    /// Returns the workflows in which a query searches for fields. `None` if they are too many for an index each.
    pub(super) fn workflows_of_fields(&self, query: &RunQuery) -> Result<Option<Vec<String>>, StoreError> {
        if query.fields.is_empty() {
            return Ok(None);
        }
        if let Some(workflow) = &query.workflow {
            return Ok(Some(vec![workflow.clone()]));
        }
        let mut workflows: Vec<String> = Vec::new();
        loop {
            let last = workflows.last().map_or("", String::as_str);
            let mut next = None;
            self.session.select(queries::NEXT_INDEXED_WORKFLOW, &[Cell::Text(last.as_bytes())], &mut |row| {
                if let Cell::Text(text) = row.cell(0) {
                    next = Some(String::from_utf8_lossy(text).into_owned());
                }
                ControlFlow::Break(())
            })?;
            match next {
                Some(next) if workflows.len() < WORKFLOWS => workflows.push(next),
                next => return Ok(next.is_none().then_some(workflows)),
            }
        }
    }
}
