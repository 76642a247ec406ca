//! `runs`: a list of runs, or how many there are.

use crate::args::{Filter, RunsArgs};
use crate::exit::Failure;
use crate::list::{Listed, pages_with, whole};
use crate::out::Out;
use crate::table::Cell;
use steadfast::inspect::{Inspector, RunSummary, RunsQuery, StatusCount};

impl Listed for RunSummary {
    const NAME: &'static str = "runs";
    const COLUMNS: &'static [&'static str] = &["id", "workflow", "version", "status", "entries", "started", "changed"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.as_str().into(),
            self.workflow.as_str().into(),
            self.version.into(),
            self.status.into(),
            self.entries.into(),
            self.started_at.into(),
            self.changed_at.into(),
        ]
    }

    fn named(&self, columns: &[String]) -> Vec<Cell> {
        let cell = |column: &String| match self.fields.get(column) {
            None => Cell::Missing,
            Some(serde_json::Value::String(text)) => Cell::Value(text.clone()),
            Some(value) => Cell::Value(value.to_string()),
        };
        columns.iter().map(cell).collect()
    }
}

impl Listed for StatusCount {
    const NAME: &'static str = "runs";
    const COLUMNS: &'static [&'static str] = &["status", "runs"];

    fn cells(&self) -> Vec<Cell> {
        vec![self.status.into(), self.count.to_string().into()]
    }
}

pub(super) fn query(args: &Filter) -> RunsQuery {
    let mut query = args.status.iter().fold(RunsQuery::all(), |query, status| query.status(*status));
    for (name, value) in &args.label {
        query = query.label(name, value);
    }
    query = args.field.iter().fold(query, |query, condition| query.field(condition.clone()));
    if let Some(workflow) = &args.workflow {
        query = query.workflow(workflow);
    }
    if let Some(since) = args.since {
        query = query.started_from(since);
    }
    if let Some(before) = args.before {
        query = query.started_before(before);
    }
    if let Some(text) = &args.text {
        query = query.id_contains(text);
    }
    if let Some(parent) = &args.parent {
        query = query.parent(parent);
    }
    query
}

pub(super) async fn runs(inspector: &Inspector, out: &mut Out, args: &RunsArgs) -> Result<(), Failure> {
    let query = query(&args.filter);
    let query = if args.oldest_first { query.oldest_first() } else { query };
    let query = if args.columns.is_empty() { query } else { query.with_fields() };
    if args.count {
        return whole(out, &inspector.count_by_status(&query).await?);
    }
    pages_with(out, &args.list, &args.columns, async |limit, cursor| {
        let query = query.clone().limit(limit);
        let query = match cursor {
            Some(cursor) => query.after(cursor),
            None => query,
        };
        inspector.runs(&query).await
    })
    .await
}
