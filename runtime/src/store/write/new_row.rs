//! The row of a new run.

use super::NewRun;
use crate::store::{RunRow, Status};

impl NewRun {
    /// Returns its row, with the number assigned by the database.
    pub(crate) fn row(&self, number: i64) -> RunRow {
        RunRow {
            number,
            id: self.id.clone(),
            workflow: self.workflow.clone(),
            status: if self.queued.is_some() { Status::Queued } else { Status::Running },
            seq: self.entries.len() as u64,
            lease: self.lease.filter(|_| self.queued.is_none()).map(|lease| lease.number),
            wake_at: self.queued.is_none().then_some(0),
            loads: 0,
            execution: self.execution,
            seed: self.execution,
            created_at: self.at,
            updated_at: self.at,
            parked: None,
            version: self.version,
            parent: self.parent,
            first_run: number,
            forked_from: None,
            successor: None,
            dedup: self.dedup.clone(),
            queue: self.queued.as_ref().map(|queued| queued.queue.clone()),
        }
    }
}
