//! The engine's queries for its own runs, and lists in the order of ids, with only the conditions that restrict. See
//! `find` for the other lists of users.

use super::Cell;
use super::find::values_fit;
use super::queries::SELECT_RUNS;
use super::read::clamped;
use crate::store::RunQuery;

/// A value of a query.
#[derive(Debug)]
pub(super) enum Bound<'a> {
    Int(i64),
    Text(&'a str),
    Own(String),
}

impl Bound<'_> {
    pub(super) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Int(number) => Cell::Int(*number),
            Self::Text(text) => Cell::Text(text.as_bytes()),
            Self::Own(text) => Cell::Text(text.as_bytes()),
        }
    }
}

/// The values of a query, in order.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    values: Vec<Bound<'a>>,
    /// The number of values before these.
    before: usize,
}

impl<'a> Values<'a> {
    /// Creates values that follow one given by the caller of the query.
    pub(super) const fn after_one() -> Self {
        Self { values: Vec::new(), before: 1 }
    }

    /// Adds a value, and returns its placeholder in the query's text.
    pub(super) fn bind(&mut self, value: Bound<'a>) -> String {
        self.values.push(value);
        format!("?{}", self.before + self.values.len())
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Bound<'a>> {
        self.values.iter()
    }
}

/// Returns the text of the query and its values.
pub(super) fn select_runs(query: &RunQuery) -> (String, Values<'_>) {
    let mut values = Values::default();
    let conditions = conditions(query, &mut values);
    let order = match query {
        RunQuery { by_id: true, .. } => "id",
        RunQuery { by_wake_at: true, .. } => "wake_at, number",
        _ => "number",
    };
    let limit = match clamped(query.limit) {
        Cell::Int(limit) => values.bind(Bound::Int(limit)),
        _ => "0".to_owned(),
    };
    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    if query.unowned.is_some() {
        // Without an order the database reads the index of unowned runs, and sorts nothing.
        return (format!("{SELECT_RUNS}{filter} LIMIT {limit}"), values);
    }
    if query.by_wake_at || query.by_id {
        return (format!("{SELECT_RUNS}{filter} ORDER BY {order} LIMIT {limit}"), values);
    }
    // The inner query reads only an index, no row, even where it has to sort all matches for one page.
    let numbers = format!("SELECT number FROM steadfast_runs{filter} ORDER BY {order} LIMIT {limit}");
    (format!("{SELECT_RUNS} WHERE number IN ({numbers}) ORDER BY {order}"), values)
}

/// Returns the conditions of a query, all of which must hold.
fn conditions<'a>(query: &'a RunQuery, values: &mut Values<'a>) -> Vec<String> {
    // In the order of ids, `IS TRUE` keeps the database from using any index but that of ids.
    let looked_at = |condition: String| if query.by_id { format!("({condition}) IS TRUE") } else { condition };
    let mut conditions: Vec<String> = values_fit(values, query, "").map(looked_at).into_iter().collect();
    let mut bind = |value| values.bind(value);
    if !query.statuses.is_empty() {
        let words: Vec<_> = query.statuses.iter().map(|status| bind(Bound::Text(status.as_str()))).collect();
        conditions.push(looked_at(format!("status IN ({})", words.join(", "))));
    }
    if let Some(workflow) = &query.workflow {
        conditions.push(looked_at(format!("workflow = {}", bind(Bound::Text(workflow)))));
    }
    if let Some(prefix) = query.id_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        conditions.push(format!("id >= {}", bind(Bound::Text(prefix))));
        if let Some(end) = end_of_prefix(prefix) {
            conditions.push(format!("id < {}", bind(Bound::Own(end))));
        }
    }
    if let Some(lease) = query.lease {
        conditions.push(format!("lease = {}", bind(Bound::Int(lease))));
    }
    conditions.extend(query.unowned.iter().map(|served| unowned(served, &mut bind)));
    if let Some((from, to)) = query.wake_at {
        // Enters the index where the page begins.
        let from = query.after_due.map_or(from, |(due, _)| from.max(due));
        conditions.push(format!("wake_at BETWEEN {} AND {}", bind(Bound::Int(from)), bind(Bound::Int(to))));
    }
    if let Some(moment) = query.updated_after {
        conditions.push(format!("updated_at > {}", bind(Bound::Int(moment))));
    }
    if let Some(parent) = query.parent {
        conditions.push(format!("parent = {}", bind(Bound::Int(parent))));
    }
    if let Some(forked_from) = query.forked_from {
        conditions.push(format!("origin = {}", bind(Bound::Int(forked_from))));
    }
    for (name, value) in &query.labels {
        let (name, value) = (bind(Bound::Text(name)), bind(Bound::Text(value)));
        let of_run = format!("FROM steadfast_labels WHERE name = {name} AND value = {value}");
        conditions.push(if query.by_id {
            format!("EXISTS (SELECT 1 {of_run} AND run = number)")
        } else {
            format!("number IN (SELECT run {of_run})")
        });
    }
    if let Some(after) = query.after {
        conditions.push(looked_at(format!("number > {}", bind(Bound::Int(after)))));
    }
    match &query.after_id {
        Some(after) => conditions.push(format!("id > {}", bind(Bound::Text(after)))),
        // Enters the index at its beginning.
        None if query.by_id => conditions.push("id >= ''".to_owned()),
        None => {}
    }
    if query.by_wake_at {
        conditions.push("wake_at IS NOT NULL".to_owned());
    }
    if let Some((due, number)) = query.after_due {
        conditions.push(format!("(wake_at, number) > ({}, {})", bind(Bound::Int(due)), bind(Bound::Int(number))));
    }
    conditions
}

/// Returns the condition of runs that nobody owns, of these workflows. The statuses are those of the index.
fn unowned<'a>(served: &'a [(String, u32)], bind: &mut impl FnMut(Bound<'a>) -> String) -> String {
    let one_of = served.iter().map(|(workflow, version)| {
        let workflow = bind(Bound::Text(workflow));
        let version = bind(Bound::Int((*version).into()));
        format!(" OR (workflow = {workflow} AND coalesce(version, 1) = {version}) IS TRUE")
    });
    let one_of: String = one_of.collect();
    format!("lease IS NULL AND status IN ('running', 'sleeping', 'paused') AND (1 = 0{one_of})")
}

/// Returns the least text that is greater than every text with this prefix, byte by byte; `None` if there is none.
///
/// UTF-8 sorts like its characters, so the last character that has a successor is replaced by it, and the rest is cut.
pub(super) fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}
