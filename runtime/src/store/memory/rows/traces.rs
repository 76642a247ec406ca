//! How far the spans of runs were exported, and who owes the rest.

use crate::store::memory::tables::Tables;
use crate::store::{Status, TraceKey, TraceMark, TracedRow};
use std::ops::Bound;

impl Tables {
    pub(in crate::store::memory) fn traced(&self, run: i64) -> Option<TracedRow> {
        self.traces.get(&run).copied()
    }

    pub(in crate::store::memory) fn owed_traces(&self, which: TraceKey, after: i64, limit: usize) -> Vec<i64> {
        let is_asked = |traced: &TracedRow| match which {
            TraceKey::Lease(lease) => traced.lease == Some(lease),
            TraceKey::Nobody => self.is_owed_by_nobody(traced),
        };
        let rows = self.traces.range((Bound::Excluded(after), Bound::Unbounded));
        rows.filter(|(_, traced)| is_asked(traced)).map(|(run, _)| *run).take(limit).collect()
    }

    fn is_owed_by_nobody(&self, traced: &TracedRow) -> bool {
        traced.lease.is_some_and(|lease| !self.leases.contains_key(&lease))
    }

    pub(super) fn put_owed(&mut self, run: i64, lease: i64) {
        let none = TracedRow { seq: 0, lease: None };
        self.traces.entry(run).or_insert(none).lease = Some(lease);
    }

    pub(super) fn put_mark(&mut self, mark: TraceMark) {
        let Some(seq) = mark.seq else {
            self.traces.remove(&mark.run);
            return;
        };
        if self.runs.get(&mark.run).is_some_and(|run| Status::UNFINISHED.contains(&run.row.status)) {
            let traced = self.traces.entry(mark.run).or_insert(TracedRow { seq, lease: None });
            traced.seq = traced.seq.max(seq);
        }
    }

    pub(super) fn take_owed(&mut self, lease: i64) -> usize {
        let lost: Vec<i64> = self.owed_traces(TraceKey::Nobody, i64::MIN, usize::MAX);
        for run in &lost {
            self.put_owed(*run, lease);
        }
        lost.len()
    }
}
