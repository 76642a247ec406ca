//! A store in the memory of this process, for tests and for work that need not survive it.

mod rows;
mod select;
mod sizes;
mod tables;

use super::audit::{AuditQuery, AuditRow, JobRow};
use super::{
    Belongings, EntryRow, FieldRow, InboxRow, LeaseRow, Measures, NextSchedule, OutputRow, QueueKeyRow, QueueRow,
    QueueState, Rejected, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow, ScheduleRow, Store, StoreError,
    TaskKey, TaskRow, TraceKey, TracedRow, WaitingRuns, Write, Written,
};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tables::Tables;

/// A [`Store`] in memory: its data is lost with its last clone.
///
/// A clone is another handle on the same data, like a second process on the same file.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    /// The number of commits from this handle.
    own: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    tables: Mutex<Tables>,
    database_id: String,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        let database_id = uuid::Uuid::new_v4().simple().to_string();
        Self { shared: Arc::new(Shared { tables: Mutex::default(), database_id }), own: AtomicU64::new(0) }
    }

    /// Stops its clock at this time, in milliseconds since 1970.
    #[cfg(feature = "testing")]
    pub(crate) fn set_clock(&self, now: i64) {
        self.tables().clock = Some(now);
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.shared.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), own: AtomicU64::new(0) }
    }
}

impl Store for MemoryStore {
    fn commit(&self, writes: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError> {
        let mut tables = self.tables();
        let answers = writes.iter().map(|write| tables.perform(write)).collect();
        tables.commits += 1;
        self.own.fetch_add(1, Ordering::Relaxed);
        Ok(answers)
    }

    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        Ok(self.tables().find(key).map(|run| run.row.clone()))
    }

    fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError> {
        let runs = self.tables().select(query);
        let last = runs.last().filter(|_| runs.len() == query.limit);
        let next = last.map(|row| row.number);
        let next_due = last.and_then(|row| Some((row.wake_at?, row.number)));
        Ok(RunPage { runs, damaged: Vec::new(), next, next_due })
    }

    fn count(&self, query: &RunQuery) -> Result<(u64, bool), StoreError> {
        let one_more = RunQuery { limit: query.limit.saturating_add(1), ..query.clone() };
        let found = self.tables().select(&one_more).len();
        Ok((found.min(query.limit) as u64, found > query.limit))
    }

    fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        Ok(self.tables().entries(run, after, limit).to_vec())
    }

    fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError> {
        Ok(self.tables().fields(run, from, to))
    }

    fn inbox(&self, of: RunKey<'_>, after: i64, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        Ok(self.tables().inbox(of, after, limit))
    }

    fn requests(&self, which: RequestKey<'_>) -> Result<Vec<RequestRow>, StoreError> {
        Ok(self.tables().requests(which))
    }

    fn outputs(
        &self,
        first_run: i64,
        channel: &str,
        after: u64,
        limit: usize,
        newest: bool,
    ) -> Result<Vec<OutputRow>, StoreError> {
        Ok(self.tables().outputs(first_run, channel, after, limit, newest).to_vec())
    }

    fn channels(&self, first_run: i64, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        Ok(self.tables().channels(first_run, after, limit))
    }

    fn indexed(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        let indexed = self.tables().find(RunKey::Number(run)).map(|run| run.indexed.clone());
        Ok(indexed.unwrap_or_default().into_iter().collect())
    }

    fn labels(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        let labels = self.tables().find(RunKey::Number(run)).map(|run| run.labels.clone());
        Ok(labels.unwrap_or_default().into_iter().collect())
    }

    fn belongings(&self, run: i64) -> Result<Option<Belongings>, StoreError> {
        Ok(self.tables().belongings(run))
    }

    fn tasks(&self, which: TaskKey<'_>) -> Result<Vec<TaskRow>, StoreError> {
        Ok(self.tables().tasks(which))
    }

    fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError> {
        Ok(self.tables().queues.get(name).cloned())
    }

    fn queues(&self) -> Result<Vec<QueueRow>, StoreError> {
        Ok(self.tables().depths())
    }

    fn queue_keys(&self, queue: &str, after: Option<&str>, limit: usize) -> Result<Vec<QueueKeyRow>, StoreError> {
        Ok(self.tables().keys_after(queue, after, limit))
    }

    fn clock(&self) -> Result<i64, StoreError> {
        Ok(self.tables().now())
    }

    fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        Ok(self.tables().schedules.get(name).cloned())
    }

    fn schedules(&self, after: &str, limit: usize) -> Result<Vec<ScheduleRow>, StoreError> {
        Ok(self.tables().schedules_after(after, limit))
    }

    fn next_schedule(
        &self,
        served: &[(String, u32)],
        except: &BTreeSet<String>,
    ) -> Result<Option<NextSchedule>, StoreError> {
        Ok(self.tables().next_schedule(served, except))
    }

    fn due_schedules(
        &self,
        served: Option<&[(String, u32)]>,
        except: &BTreeSet<String>,
        until: i64,
        limit: usize,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        Ok(self.tables().schedules_due(served, except, until, limit))
    }

    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        Ok(self.tables().audit(query))
    }

    fn jobs(&self, before: i64, limit: usize) -> Result<Vec<JobRow>, StoreError> {
        Ok(self.tables().jobs.range(..before).rev().take(limit).map(|(_, row)| row.clone()).collect())
    }

    fn traced(&self, run: i64) -> Result<Option<TracedRow>, StoreError> {
        Ok(self.tables().traced(run))
    }

    fn owed_traces(&self, which: TraceKey, after: i64, limit: usize) -> Result<Vec<i64>, StoreError> {
        Ok(self.tables().owed_traces(which, after, limit))
    }

    fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
        Ok(self.tables().leases.values().cloned().collect())
    }

    fn waiting(&self, lease: Option<i64>, limit: usize) -> Result<Vec<WaitingRuns>, StoreError> {
        Ok(self.tables().waiting(lease, limit))
    }

    fn foreign_changes(&self) -> Result<u64, StoreError> {
        let tables = self.tables();
        Ok(tables.commits - self.own.load(Ordering::Relaxed))
    }

    fn measure(&self, _: bool) -> Result<Measures, StoreError> {
        Ok(Measures { tables: self.tables().sizes(), ..Measures::default() })
    }

    fn database_id(&self) -> &str {
        &self.shared.database_id
    }

    fn waits(&self) -> bool {
        false
    }
}
