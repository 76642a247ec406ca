//! Stores whose commits a test controls.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use steadfast::store::backend::{
    AuditQuery, AuditRow, Belongings, EntryRow, FieldRow, InboxRow, JobRow, LeaseRow, Measures, NextSchedule,
    OutputRow, QueueKeyRow, QueueRow, QueueState, Rejected, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow,
    ScheduleRow, TaskKey, TaskRow, TraceKey, TracedRow, WaitingRuns, Write, Written,
};
use steadfast::store::{MemoryStore, Store, StoreError, StoreErrorKind};

pub(crate) type Answers = Result<Vec<Result<Written, Rejected>>, StoreError>;

/// A hook that replaces a commit.
type Hook<S> = dyn Fn(&S, &[Write]) -> Answers + Send + Sync;

/// A hook that runs before the engine gets a list of runs.
type Searching = dyn Fn(&RunQuery) + Send + Sync;

/// A hook for the entries of a run that were read.
type Reading = dyn Fn(i64, &mut Vec<EntryRow>) + Send + Sync;

/// A hook that runs before tasks are read.
type Tasks = dyn Fn(&TaskKey<'_>) + Send + Sync;

/// A hook that runs before schedules that are due are read, and may make that fail.
type Due = dyn Fn() -> Result<(), StoreError> + Send + Sync;

/// A store with hooks before its commits and reads. Clones share the store.
pub(crate) struct Hooked<S: ?Sized = MemoryStore> {
    pub(crate) inner: Arc<S>,
    hook: Arc<Hook<S>>,
    /// A hook that runs before a user gets a list of runs.
    listing: Option<Arc<dyn Fn() + Send + Sync>>,
    /// A hook that runs before the engine gets a list of runs.
    searching: Option<Arc<Searching>>,
    /// A hook that runs before the engine gets a list of runs which was read.
    found: Option<Arc<Searching>>,
    /// A hook for the entries of a run that were read.
    reading: Option<Arc<Reading>>,
    /// A hook that runs before tasks are read.
    tasks: Option<Arc<Tasks>>,
    /// A hook that runs before schedules that are due are read.
    due: Option<Arc<Due>>,
    for_users: bool,
}

impl<S: ?Sized> Clone for Hooked<S> {
    fn clone(&self) -> Self {
        let (inner, hook) = (self.inner.clone(), self.hook.clone());
        let (listing, reading) = (self.listing.clone(), self.reading.clone());
        let (searching, found) = (self.searching.clone(), self.found.clone());
        let (tasks, due) = (self.tasks.clone(), self.due.clone());
        Self { inner, hook, listing, searching, found, reading, tasks, due, for_users: self.for_users }
    }
}

impl<S: Store> Hooked<S> {
    pub(crate) fn new(inner: S, hook: impl Fn(&S, &[Write]) -> Answers + Send + Sync + 'static) -> Self {
        Self::over(Arc::new(inner), hook)
    }
}

impl<S: Store + ?Sized> Hooked<S> {
    pub(crate) fn over(inner: Arc<S>, hook: impl Fn(&S, &[Write]) -> Answers + Send + Sync + 'static) -> Self {
        Self {
            inner,
            hook: Arc::new(hook),
            listing: None,
            searching: None,
            found: None,
            reading: None,
            tasks: None,
            due: None,
            for_users: false,
        }
    }

    /// Calls `listing` before a user gets a list of runs.
    pub(crate) fn listing(self, listing: impl Fn() + Send + Sync + 'static) -> Self {
        Self { listing: Some(Arc::new(listing)), ..self }
    }

    /// Calls `searching` before the engine gets a list of runs.
    pub(crate) fn searching(self, searching: impl Fn(&RunQuery) + Send + Sync + 'static) -> Self {
        Self { searching: Some(Arc::new(searching)), ..self }
    }

    /// Calls `found` after a list of runs was read, before the engine gets it.
    pub(crate) fn found(self, found: impl Fn(&RunQuery) + Send + Sync + 'static) -> Self {
        Self { found: Some(Arc::new(found)), ..self }
    }

    /// Passes the entries of a run to `reading` before the reader gets them.
    pub(crate) fn reading(self, reading: impl Fn(i64, &mut Vec<EntryRow>) + Send + Sync + 'static) -> Self {
        Self { reading: Some(Arc::new(reading)), ..self }
    }

    /// Calls `tasks` before tasks are read.
    pub(crate) fn tasks(self, tasks: impl Fn(&TaskKey<'_>) + Send + Sync + 'static) -> Self {
        Self { tasks: Some(Arc::new(tasks)), ..self }
    }

    /// Calls `due` before schedules that are due are read.
    pub(crate) fn due(self, due: impl Fn() -> Result<(), StoreError> + Send + Sync + 'static) -> Self {
        Self { due: Some(Arc::new(due)), ..self }
    }
}

pub(crate) fn failure() -> StoreError {
    StoreError::new(StoreErrorKind::Io, "the disk is on fire")
}

impl<S: Store + ?Sized> Store for Hooked<S> {
    fn commit(&self, writes: &[Write]) -> Answers {
        (self.hook)(&self.inner, writes)
    }

    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        self.inner.run(key)
    }

    fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError> {
        if let Some(listing) = self.listing.as_ref().filter(|_| self.for_users) {
            listing();
        }
        if let Some(searching) = self.searching.as_ref().filter(|_| !self.for_users) {
            searching(query);
        }
        let page = self.inner.runs(query)?;
        if let Some(found) = self.found.as_ref().filter(|_| !self.for_users) {
            found(query);
        }
        Ok(page)
    }

    fn count(&self, query: &RunQuery) -> Result<(u64, bool), StoreError> {
        self.inner.count(query)
    }

    fn channels(&self, first_run: i64, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.inner.channels(first_run, after, limit)
    }

    fn measure(&self, thoroughly: bool) -> Result<Measures, StoreError> {
        self.inner.measure(thoroughly)
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.inner.settle()
    }

    fn for_users(&self) -> Option<Arc<dyn Store>> {
        self.listing.as_ref().map(|_| Arc::new(Self { for_users: true, ..self.clone() }) as Arc<dyn Store>)
    }

    fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        let mut entries = self.inner.entries(run, after, limit)?;
        if let Some(reading) = &self.reading {
            reading(run, &mut entries);
        }
        Ok(entries)
    }

    fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError> {
        self.inner.fields(run, from, to)
    }

    fn inbox(&self, of: RunKey<'_>, after: i64, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.inner.inbox(of, after, limit)
    }

    fn requests(&self, which: RequestKey<'_>) -> Result<Vec<RequestRow>, StoreError> {
        self.inner.requests(which)
    }

    fn outputs(
        &self,
        first_run: i64,
        channel: &str,
        after: u64,
        limit: usize,
        newest: bool,
    ) -> Result<Vec<OutputRow>, StoreError> {
        self.inner.outputs(first_run, channel, after, limit, newest)
    }

    fn labels(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.inner.labels(run)
    }

    fn indexed(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.inner.indexed(run)
    }

    fn indexed_of(&self, runs: &[i64]) -> Result<Vec<Vec<(String, String)>>, StoreError> {
        self.inner.indexed_of(runs)
    }

    fn belongings(&self, run: i64) -> Result<Option<Belongings>, StoreError> {
        self.inner.belongings(run)
    }

    fn waiting(&self, lease: Option<i64>, limit: usize) -> Result<Vec<WaitingRuns>, StoreError> {
        self.inner.waiting(lease, limit)
    }

    fn tasks(&self, which: TaskKey<'_>) -> Result<Vec<TaskRow>, StoreError> {
        if let Some(tasks) = &self.tasks {
            tasks(&which);
        }
        self.inner.tasks(which)
    }

    fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError> {
        self.inner.queue(name)
    }

    fn queue_keys(&self, queue: &str, after: Option<&str>, limit: usize) -> Result<Vec<QueueKeyRow>, StoreError> {
        self.inner.queue_keys(queue, after, limit)
    }

    fn queues(&self) -> Result<Vec<QueueRow>, StoreError> {
        self.inner.queues()
    }

    fn clock(&self) -> Result<i64, StoreError> {
        self.inner.clock()
    }

    fn traced(&self, run: i64) -> Result<Option<TracedRow>, StoreError> {
        self.inner.traced(run)
    }

    fn owed_traces(&self, which: TraceKey, after: i64, limit: usize) -> Result<Vec<i64>, StoreError> {
        self.inner.owed_traces(which, after, limit)
    }

    fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        self.inner.schedule(name)
    }

    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.inner.audit(query)
    }

    fn jobs(&self, before: i64, limit: usize) -> Result<Vec<JobRow>, StoreError> {
        self.inner.jobs(before, limit)
    }

    fn schedules(&self, after: &str, limit: usize) -> Result<Vec<ScheduleRow>, StoreError> {
        self.inner.schedules(after, limit)
    }

    fn next_schedule(
        &self,
        served: &[(String, u32)],
        except: &BTreeSet<String>,
    ) -> Result<Option<NextSchedule>, StoreError> {
        self.inner.next_schedule(served, except)
    }

    fn due_schedules(
        &self,
        served: Option<&[(String, u32)]>,
        except: &BTreeSet<String>,
        until: i64,
        limit: usize,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        self.due.as_ref().map_or(Ok(()), |due| due())?;
        self.inner.due_schedules(served, except, until, limit)
    }

    fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
        self.inner.leases()
    }

    fn foreign_changes(&self) -> Result<u64, StoreError> {
        self.inner.foreign_changes()
    }

    fn database_id(&self) -> &str {
        self.inner.database_id()
    }
}

/// Switches of an in-memory store.
#[derive(Clone, Default)]
pub(crate) struct Switches(Arc<State>);

#[derive(Default)]
struct State {
    failing: AtomicBool,
    lose_answers: AtomicUsize,
    appends: AtomicUsize,
}

impl Switches {
    /// Returns a store that these switches control.
    pub(crate) fn store(&self) -> Hooked {
        let switches = self.clone();
        Hooked::new(MemoryStore::new(), move |store, writes| switches.commit(store, writes))
    }

    fn commit(&self, store: &MemoryStore, writes: &[Write]) -> Answers {
        if self.0.failing.load(Ordering::SeqCst) {
            return Err(failure());
        }
        let answers = store.commit(writes)?;
        let appends = writes.iter().any(|write| matches!(write, Write::Append(_) | Write::Start(_)));
        self.0.appends.fetch_add(usize::from(appends), Ordering::SeqCst);
        let less_one = |left: usize| left.checked_sub(1);
        if appends && self.0.lose_answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less_one).is_ok() {
            return Err(failure());
        }
        Ok(answers)
    }

    /// Makes every commit fail from now on, or succeed again.
    pub(crate) fn fail(&self, failing: bool) {
        self.0.failing.store(failing, Ordering::SeqCst);
    }

    /// Loses the answers of the next `commits` commits that append to a journal, and are done.
    pub(crate) fn lose_answers(&self, commits: usize) {
        self.0.lose_answers.store(commits, Ordering::SeqCst);
    }

    /// Returns the number of commits that have appended to a journal.
    pub(crate) fn appends(&self) -> usize {
        self.0.appends.load(Ordering::SeqCst)
    }
}
