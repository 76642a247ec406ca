//! The queries of the engine for its own runs, with only the conditions that restrict. Lists of users: see `find`.

use super::Cell;
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

/// The values of a query in order.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    values: Vec<Bound<'a>>,
    /// How many values come before these.
    before: usize,
}

impl<'a> Values<'a> {
    /// Values that come after one that whoever executes the query gives.
    pub(super) const fn after_one() -> Self {
        Self { values: Vec::new(), before: 1 }
    }

    /// Adds a value, and gives the words for it in the query's text.
    pub(super) fn bind(&mut self, value: Bound<'a>) -> String {
        self.values.push(value);
        format!("?{}", self.before + self.values.len())
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Bound<'a>> {
        self.values.iter()
    }
}

/// The text of the query and its values in order.
pub(super) fn select_runs(query: &RunQuery) -> (String, Values<'_>) {
    let mut conditions: Vec<String> = Vec::new();
    let mut values = Values::default();
    let mut bind = |value| values.bind(value);

    if !query.statuses.is_empty() {
        let words: Vec<_> = query.statuses.iter().map(|status| bind(Bound::Text(status.as_str()))).collect();
        conditions.push(format!("status IN ({})", words.join(", ")));
    }
    if let Some(workflow) = &query.workflow {
        conditions.push(format!("workflow = {}", bind(Bound::Text(workflow))));
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
    if let Some((from, to)) = query.wake_at {
        // The index is entered where the page begins.
        let from = query.after_due.map_or(from, |(due, _)| from.max(due));
        conditions.push(format!("wake_at BETWEEN {} AND {}", bind(Bound::Int(from)), bind(Bound::Int(to))));
    }
    if let Some(moment) = query.updated_after {
        conditions.push(format!("updated_at > {}", bind(Bound::Int(moment))));
    }
    if let Some(parent) = query.parent {
        conditions.push(format!("parent = {}", bind(Bound::Int(parent))));
    }
    if let Some(origin) = query.origin {
        conditions.push(format!("origin = {}", bind(Bound::Int(origin))));
    }
    for (name, value) in &query.labels {
        let (name, value) = (bind(Bound::Text(name)), bind(Bound::Text(value)));
        let runs = format!("SELECT run FROM steadfast_labels WHERE name = {name} AND value = {value}");
        conditions.push(format!("number IN ({runs})"));
    }
    if let Some(after) = query.after {
        conditions.push(format!("number > {}", bind(Bound::Int(after))));
    }
    if query.by_wake_at {
        conditions.push("wake_at IS NOT NULL".to_owned());
    }
    if let Some((due, number)) = query.after_due {
        conditions.push(format!("(wake_at, number) > ({}, {})", bind(Bound::Int(due)), bind(Bound::Int(number))));
    }
    let order = if query.by_wake_at { "wake_at, number" } else { "number" };
    let limit = match clamped(query.limit) {
        Cell::Int(limit) => bind(Bound::Int(limit)),
        _ => "0".to_owned(),
    };

    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    if query.by_wake_at {
        return (format!("{SELECT_RUNS}{filter} ORDER BY {order} LIMIT {limit}"), values);
    }
    // The inner query needs no row, only an index, even where it has to sort all that fit for one page.
    let numbers = format!("SELECT number FROM steadfast_runs{filter} ORDER BY {order} LIMIT {limit}");
    (format!("{SELECT_RUNS} WHERE number IN ({numbers}) ORDER BY {order}"), values)
}

/// The least text that is greater than every text with this prefix, byte by byte; `None` if there is none.
///
/// UTF-8 sorts as its characters do, so the last character that has a successor takes it and the rest is cut.
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
