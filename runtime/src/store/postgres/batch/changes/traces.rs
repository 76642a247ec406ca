//! How far the spans of runs were exported, and who owes the rest: one statement for each change.

use super::Bulk;
use crate::store::TraceMark;
use crate::store::postgres::batch::own::Own;
use std::collections::{BTreeMap, BTreeSet};

/// Rows are changed in the order of their runs, as by every other batch.
const OWED: &str = "INSERT INTO steadfast_traces (run, seq, lease)
    SELECT u.run, 0, u.lease FROM unnest(?1::bigint[], ?2::bigint[]) AS u (run, lease) ORDER BY u.run
    ON CONFLICT (run) DO UPDATE SET lease = excluded.lease";

const MARKED: &str = "INSERT INTO steadfast_traces AS t (run, seq)
    SELECT u.run, u.seq FROM unnest(?1::bigint[], ?2::bigint[]) AS u (run, seq)
        JOIN steadfast_runs r ON r.number = u.run
            AND r.status IN ('running', 'sleeping', 'queued', 'paused', 'parked')
        ORDER BY u.run
    ON CONFLICT (run) DO UPDATE SET seq = greatest(excluded.seq, t.seq)";

const ENDED: &str = "DELETE FROM steadfast_traces WHERE run IN (
    SELECT run FROM steadfast_traces WHERE run = ANY(?1::bigint[]) ORDER BY run FOR UPDATE)";

/// The changes of a batch.
#[derive(Debug, Default)]
pub(in crate::store::postgres::batch) struct TraceChanges {
    owed: BTreeMap<i64, i64>,
    marked: BTreeMap<i64, u64>,
    ended: BTreeSet<i64>,
}

impl TraceChanges {
    pub(in crate::store::postgres::batch) fn owe(&mut self, run: i64, lease: i64) {
        self.owed.insert(run, lease);
    }

    pub(in crate::store::postgres::batch) fn mark(&mut self, mark: TraceMark) {
        match mark.seq {
            Some(seq) => {
                let marked = self.marked.entry(mark.run).or_default();
                *marked = seq.max(*marked);
            }
            None => drop(self.ended.insert(mark.run)),
        }
    }

    pub(super) fn into_statements(self) -> [Bulk; 3] {
        let (mut owed, mut marked) = (Bulk::new(OWED, "ii"), Bulk::new(MARKED, "ii"));
        self.owed.iter().for_each(|(run, lease)| owed.add([Own::Int(*run), Own::Int(*lease)]));
        self.marked.iter().for_each(|(run, seq)| marked.add([Own::Int(*run), Own::number(*seq)]));
        let mut ended = Bulk::new(ENDED, "i");
        self.ended.iter().for_each(|run| ended.add([Own::Int(*run)]));
        [owed, marked, ended]
    }
}
