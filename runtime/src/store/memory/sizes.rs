//! The sizes of a store in memory.

use super::tables::{Run, Tables};
use crate::store::TableSize;

impl Tables {
    /// Returns the number of rows in each table, in order of their names.
    pub(super) fn sizes(&self) -> Vec<TableSize> {
        let of_runs = |rows: fn(&Run) -> usize| self.runs.values().map(rows).sum();
        let outputs = self.outputs.values().flat_map(|channels| channels.values()).map(Vec::len).sum();
        let tables = [
            ("audit", self.audit.len()),
            ("fields", of_runs(|run| run.fields.len())),
            ("inbox", self.inbox.len() + self.taken.len()),
            ("indexed", of_runs(|run| run.indexed.len())),
            ("jobs", self.jobs.len()),
            ("labels", of_runs(|run| run.labels.len())),
            ("leases", self.leases.len()),
            ("log", of_runs(|run| run.entries.len())),
            ("outputs", outputs),
            ("queue_keys", self.keys.len()),
            ("queues", self.queues.len()),
            ("requests", self.requests.len()),
            ("runs", self.runs.len()),
            ("schedules", self.schedules.len()),
            ("tasks", self.tasks.len()),
            ("traces", self.traces.len()),
            ("watchers", self.watchers.len()),
        ];
        let size = |(name, rows): (&str, usize)| {
            let rows = u64::try_from(rows).ok();
            TableSize { name: format!("steadfast_{name}"), rows, bytes: None }
        };
        tables.into_iter().map(size).collect()
    }
}
