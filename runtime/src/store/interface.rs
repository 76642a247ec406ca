//! The interface of a database: reads by key, and writes in batches.

use super::audit::{AuditQuery, AuditRow, JobRow};
use super::{
    Belongings, ChangeSignal, EntryRow, FieldRow, InboxRow, LeaseRow, Measures, NextSchedule, OutputRow, QueueKeyRow,
    QueueRow, QueueState, Rejected, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow, ScheduleRow, Status,
    StoreError, TaskKey, TaskRow, TraceKey, TracedRow, WaitingRuns, Write, Written,
};
use std::collections::BTreeSet;

/// A database that holds runs, journals, context fields, inboxes and leases.
///
/// Methods may block. The engine calls `commit` from one thread of its own and reads from others at the same time. A
/// method returns an error only if the outcome is unknown or the database is unusable; the engine then reads back
/// before it repeats anything.
pub trait Store: Send + Sync + 'static {
    /// Applies `writes` in order in one transaction and returns one answer for each, in order.
    ///
    /// After `Ok`, everything that was not rejected is as durable as the store was configured to make it.
    ///
    /// # Errors
    /// The transaction as a whole failed, or its outcome is not known.
    fn commit(&self, writes: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError>;

    /// Applies `writes` as [`commit`](Store::commit) does, unless that would wait for another writer of the database:
    /// then nothing is written, and the answer is `None`.
    ///
    /// # Errors
    /// Those of [`commit`](Store::commit).
    fn try_commit(&self, writes: &[Write]) -> Result<Option<Vec<Result<Written, Rejected>>>, StoreError> {
        self.commit(writes).map(Some)
    }

    /// Returns whether [`try_commit`](Store::try_commit) lets the other tasks of the calling thread go on while it
    /// waits.
    fn steps_aside(&self) -> bool {
        false
    }

    /// Returns one run, by its number or by its id.
    ///
    /// # Errors
    /// The database cannot be read.
    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError>;

    /// Returns the runs that match `query`, in ascending order of their number or in the order that it selects.
    ///
    /// # Errors
    /// The database cannot be read.
    fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError>;

    /// Counts the runs that match `query`, at most its `limit`. Returns also whether there may be more: the limit, or
    /// [`most_rows`](RunQuery::most_rows), was reached.
    ///
    /// # Errors
    /// The database cannot be read.
    fn count(&self, query: &RunQuery) -> Result<(u64, bool), StoreError> {
        let page = self.runs(query)?;
        Ok(((page.runs.len() + page.damaged.len()) as u64, page.next.is_some()))
    }

    /// Returns at most `limit` entries of a run with a sequence number greater than `after`, in order.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged: [`StoreErrorKind::Damaged`](super::StoreErrorKind::Damaged) names run and sequence number.
    fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError>;

    /// Returns the same entries without `value` and `other`: which calls, which completions, and their outcomes.
    ///
    /// # Errors
    /// Those of [`entries`](Store::entries).
    fn outline(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        let entries = self.entries(run, after, limit)?;
        Ok(entries.into_iter().map(|entry| EntryRow { value: None, other: None, ..entry }).collect())
    }

    /// Returns the rows of context fields written by the entries `from..=to` of a run, ordered by sequence number and
    /// name.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError>;

    /// Returns the items waiting in the inboxes of the runs that a lease owns, or of one run: in order of arrival,
    /// after the item with number `after`, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn inbox(&self, of: RunKey<'_>, after: i64, limit: usize) -> Result<Vec<InboxRow>, StoreError>;

    /// Returns human-in-the-loop requests of runs.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn requests(&self, which: RequestKey<'_>) -> Result<Vec<RequestRow>, StoreError>;

    /// Returns at most `limit` items of a channel of a first run after the item with number `after`, in order. With
    /// `newest`, returns the newest ones, still in order.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn outputs(
        &self,
        first_run: i64,
        channel: &str,
        after: u64,
        limit: usize,
        newest: bool,
    ) -> Result<Vec<OutputRow>, StoreError>;

    /// Returns at most `limit` channels of a first run that have outputs, after the one with this name, in order of their
    /// names.
    ///
    /// # Errors
    /// The database cannot be read.
    fn channels(&self, first_run: i64, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let channels = self.belongings(first_run)?.map_or_else(Vec::new, |of_run| of_run.channels);
        Ok(channels.into_iter().filter(|channel| channel.as_str() > after).take(limit).collect())
    }

    /// Returns the labels of a run, in order of their names.
    ///
    /// # Errors
    /// The database cannot be read.
    fn labels(&self, run: i64) -> Result<Vec<(String, String)>, StoreError>;

    /// Returns the indexed fields of a run with the keys of their values, in order of their names.
    ///
    /// # Errors
    /// The database cannot be read.
    fn indexed(&self, run: i64) -> Result<Vec<(String, String)>, StoreError>;

    /// Returns the indexed fields of several runs, in the order of these.
    ///
    /// # Errors
    /// The database cannot be read.
    fn indexed_of(&self, runs: &[i64]) -> Result<Vec<Vec<(String, String)>>, StoreError> {
        runs.iter().map(|run| self.indexed(*run)).collect()
    }

    /// Returns what a run has beyond what the other methods return, for copies and moves. Returns `None` if there is no
    /// such run or if the store does not support this, as by default: then no run is moved out of it, and a copy
    /// includes only the outputs that the journal names.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn belongings(&self, run: i64) -> Result<Option<Belongings>, StoreError> {
        let _ = run;
        Ok(None)
    }

    /// Returns tasks: remote steps that wait for an engine, or run on one. Of a lease and of a run in order of arrival.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn tasks(&self, which: TaskKey<'_>) -> Result<Vec<TaskRow>, StoreError>;

    /// Returns the limits of a queue, if it is declared.
    ///
    /// # Errors
    /// The database cannot be read, or the row is damaged.
    fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError>;

    /// Returns the queues in which something waits or runs, in order of their names.
    ///
    /// # Errors
    /// The database cannot be read.
    fn queues(&self) -> Result<Vec<QueueRow>, StoreError>;

    /// Returns the keys of a queue of which tasks wait or run, after this one in order: at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn queue_keys(&self, queue: &str, after: Option<&str>, limit: usize) -> Result<Vec<QueueKeyRow>, StoreError>;

    /// Returns the clock of the database, in milliseconds since 1970.
    ///
    /// # Errors
    /// The database cannot be read.
    fn clock(&self) -> Result<i64, StoreError>;

    /// Returns a schedule.
    ///
    /// # Errors
    /// The database cannot be read, or the row is damaged.
    fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError>;

    /// Returns at most `limit` schedules after the one with this name, in order of their names.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn schedules(&self, after: &str, limit: usize) -> Result<Vec<ScheduleRow>, StoreError>;

    /// Returns when the next schedule is due, of those whose workflow is among these and whose name is not `except`ed, and
    /// the time now.
    ///
    /// # Errors
    /// The database cannot be read.
    fn next_schedule(
        &self,
        served: &[(String, u32)],
        except: &BTreeSet<String>,
    ) -> Result<Option<NextSchedule>, StoreError>;

    /// Returns at most `limit` schedules that are due up to a time, in the order in which they are due: those whose
    /// workflow is among these (with `None`, all) and whose name is not `except`ed.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn due_schedules(
        &self,
        served: Option<&[(String, u32)]>,
        except: &BTreeSet<String>,
        until: i64,
        limit: usize,
    ) -> Result<Vec<ScheduleRow>, StoreError>;

    /// Returns the records of actions that match `query`, the newest first.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn audit(&self, _query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        Ok(Vec::new())
    }

    /// Returns at most `limit` jobs with a number below `before`, the newest first.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn jobs(&self, _before: i64, _limit: usize) -> Result<Vec<JobRow>, StoreError> {
        Ok(Vec::new())
    }
    /// Returns how far the spans of a run were exported; `None` if nothing is recorded.
    ///
    /// # Errors
    /// The database cannot be read.
    fn traced(&self, run: i64) -> Result<Option<TracedRow>, StoreError>;

    /// Returns at most `limit` runs with a number greater than `after` that have ended and whose spans are owed.
    ///
    /// # Errors
    /// The database cannot be read.
    fn owed_traces(&self, which: TraceKey, after: i64, limit: usize) -> Result<Vec<i64>, StoreError>;

    /// Returns every lease, in order of its number.
    ///
    /// # Errors
    /// The database cannot be read.
    fn leases(&self) -> Result<Vec<LeaseRow>, StoreError>;

    /// Counts the running, sleeping and paused runs of a lease, or those that no lease owns, by workflow and version,
    /// in the order of these. At most `limit` runs are looked at.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn waiting(&self, lease: Option<i64>, limit: usize) -> Result<Vec<WaitingRuns>, StoreError>;

    /// Counts the unfinished runs by status, each up to `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn run_counts(&self, limit: usize) -> Result<Vec<(Status, u64)>, StoreError> {
        let counted = Status::UNFINISHED.into_iter().map(|status| {
            let page = self.runs(&RunQuery { statuses: vec![status], limit, ..RunQuery::default() })?;
            Ok((status, u64::try_from(page.runs.len() + page.damaged.len()).unwrap_or(u64::MAX)))
        });
        counted.collect()
    }

    /// Returns a number that changes when another writer (another process, another store object) has committed.
    ///
    /// # Errors
    /// The database cannot be read.
    fn foreign_changes(&self) -> Result<u64, StoreError>;

    /// Returns the signal that is raised when other writers have committed, for those who would look again at once.
    /// Returns `None` if they have to look from time to time.
    fn change_signal(&self) -> Option<std::sync::Arc<ChangeSignal>> {
        None
    }

    /// Returns those of the runs that are running, sleeping or paused.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn still_waiting(&self, runs: &[i64]) -> Result<Vec<i64>, StoreError> {
        let mut waiting = Vec::new();
        for run in runs {
            let row = self.run(RunKey::Number(*run))?;
            waiting.extend(row.is_some_and(|row| row.status.goes_on()).then_some(*run));
        }
        Ok(waiting)
    }

    /// Says that this process waits for the ends or outputs of runs, so that other writers show them by the
    /// [signal](Self::change_signal). Called again and again while it waits. Returns whether they can.
    fn expects_news(&self) -> bool {
        false
    }

    /// Returns whether engines on several machines share the work: runs whose workflow one of them lacks are left to
    /// the others, and nothing is concluded from a lock file that is missing.
    fn shares_work(&self) -> bool {
        false
    }

    /// Returns the size of the database. `thoroughly` counts rows and pages where that means to read all of them.
    ///
    /// # Errors
    /// The database cannot be read.
    fn measure(&self, thoroughly: bool) -> Result<Measures, StoreError> {
        let _ = thoroughly;
        Ok(Measures::default())
    }

    /// Makes a plain copy of the database complete. Called at the end of an orderly shutdown. Waits briefly for
    /// readers; if they take longer, a part of the commits stays in the log, and nothing is lost.
    ///
    /// # Errors
    /// The database cannot be written.
    fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns the random id drawn when this database was created: 32 hexadecimal digits.
    fn database_id(&self) -> &str;

    /// Returns a folder and name for lock files that every process which opens this database can reach. Returns `None`
    /// if only this process can open it, or if some are on other machines ([`shares_work`](Self::shares_work)): their
    /// lock files are in a folder of each machine.
    fn lock_stem(&self) -> Option<std::path::PathBuf> {
        None
    }

    /// Returns a handle on the same database for reads from outside (status, lists, histories). Its reads and the reads
    /// of this store do not wait for each other. Returns `None` if reads never wait for each other anyway.
    fn for_users(&self) -> Option<std::sync::Arc<dyn Store>> {
        None
    }

    /// Returns a handle on the same database for an inspection, whose reads are limited as the database allows: in
    /// transactions that only read, with a time limit.
    fn for_inspection(&self) -> Option<std::sync::Arc<dyn Store>> {
        self.for_users()
    }

    /// Returns whether a commit waits for a disk or a network. If not, the engine commits on the calling thread instead
    /// of handing the batch to another one.
    fn waits(&self) -> bool {
        true
    }
}
