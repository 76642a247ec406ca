//! A store that fails when a test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use steadfast::store::{
    EntryRow, FieldRow, InboxRow, LeaseRow, MemoryStore, Rejected, RunKey, RunPage, RunQuery, RunRow, Store,
    StoreError, StoreErrorKind, Write, Written,
};

/// A store in memory whose commits fail when a test says so. Clones are one store.
#[derive(Clone, Default)]
pub(crate) struct Faulty {
    pub(crate) inner: MemoryStore,
    switch: Arc<Switch>,
}

#[derive(Default)]
struct Switch {
    failing: AtomicBool,
    lose_answers: AtomicUsize,
    appends: AtomicUsize,
}

impl Faulty {
    /// From now on no commit is done, until it is switched off.
    pub(crate) fn fail(&self, failing: bool) {
        self.switch.failing.store(failing, Ordering::SeqCst);
    }

    /// The next so many commits that append to a journal are done, but their answer is lost.
    pub(crate) fn lose_answers(&self, commits: usize) {
        self.switch.lose_answers.store(commits, Ordering::SeqCst);
    }

    /// How many commits have appended to a journal.
    pub(crate) fn appends(&self) -> usize {
        self.switch.appends.load(Ordering::SeqCst)
    }
}

fn failure() -> StoreError {
    StoreError::new(StoreErrorKind::Io, "the disk is on fire")
}

impl Store for Faulty {
    fn commit(&self, writes: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError> {
        let switch = &self.switch;
        if switch.failing.load(Ordering::SeqCst) {
            return Err(failure());
        }
        let answers = self.inner.commit(writes)?;
        let appends = writes.iter().any(|write| matches!(write, Write::Append(_) | Write::Start(_)));
        switch.appends.fetch_add(usize::from(appends), Ordering::SeqCst);
        let less_one = |left: usize| left.checked_sub(1);
        if appends && switch.lose_answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less_one).is_ok() {
            return Err(failure());
        }
        Ok(answers)
    }

    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        self.inner.run(key)
    }

    fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError> {
        self.inner.runs(query)
    }

    fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        self.inner.entries(run, after, limit)
    }

    fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError> {
        self.inner.fields(run, from, to)
    }

    fn inbox(&self, of: RunKey<'_>) -> Result<Vec<InboxRow>, StoreError> {
        self.inner.inbox(of)
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
