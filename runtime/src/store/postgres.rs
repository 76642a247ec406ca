//! A store in a database of Postgres.

#[cfg(feature = "sqlite")]
mod arrival;
mod batch;
mod cells;
mod code;
mod commit;
mod fault;
mod grants;
mod link;
mod links;
mod listener;
mod looking;
mod measures;
mod options;
mod outage;
mod schema;
mod session;
mod text;
mod tls;

pub use options::PgOptions;

use super::sql::{Reader, Session as _, reads};
use super::{
    Belongings, ChangeSignal, EntryRow, FieldRow, InboxRow, LeaseRow, Measures, NextSchedule, OutputRow, QueueKeyRow,
    QueueRow, QueueState, Rejected, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow, ScheduleRow, Status,
    Store, StoreError, StoreErrorKind, TaskKey, TaskRow, TraceKey, TracedRow, WaitingRuns, Write, Written,
};
use links::Links;
use listener::Listener;
use looking::{Looking, is_anything_there};
use outage::Outage;
use session::{Pg, Stage};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, RuntimeFlavor};

/// A [`Store`] in a database of Postgres, 15 or later.
///
/// Any number of processes on any number of machines may have it open. The database may also hold tables of your own:
/// the engine's begin with `steadfast_`. Nothing depends on a session of the server, so that a pooler in transaction
/// mode (`PgBouncer`) may stand between.
///
/// A clone is the same store with the same connections.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    shared: Arc<Shared>,
    asked_by: AskedBy,
}

#[derive(Debug)]
struct Shared {
    options: PgOptions,
    name: String,
    database_id: String,
    writer: Links,
    reader: Links,
    readers: Links,
    outage: Outage,
    opened: Instant,
    signal: Arc<ChangeSignal>,
    looking: Arc<Looking>,
    /// `None` if the options want none.
    listener: Option<Listener>,
}

type Answers = Vec<Result<Written, Rejected>>;

/// The side whose reads a store serves, and so its connections.
#[derive(Clone, Copy, Debug)]
enum AskedBy {
    Engine,
    Users,
    /// An inspection: in transactions that only read, with a limit for each statement.
    Inspection,
}

/// The most connections for loads and other reads of the engine, and for users' reads.
const READERS: usize = 2;
const USERS: usize = 4;

/// The wait before something is tried again, at first and at most.
const AGAIN: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(400);

/// The table of which each batch holds a weak lock, and what excludes all batches a strong one.
const GATE: &str = "steadfast_leases";

/// Returns the wait after so many tries.
fn wait(tries: u32) -> Duration {
    (AGAIN * tries * tries.min(20)).min(LONGEST)
}

impl PostgresStore {
    pub(super) fn open(options: PgOptions) -> Result<Self, StoreError> {
        let (schema, migrates) = (options.schema.clone(), options.migrates);
        Self::opened(options, AskedBy::Engine, |session| schema::opened(session, schema.as_deref(), migrates))
    }

    /// Opens a database to look into it. Nothing is ever written.
    pub(super) fn look(options: PgOptions) -> Result<Self, StoreError> {
        let schema = options.schema.clone();
        let options = options.poll_only();
        Self::opened(options, AskedBy::Inspection, |session| {
            session.begin_look()?;
            let id = schema::looked_at(session, schema.as_deref())?;
            session.end_look().map(|()| id)
        })
    }

    fn opened(
        options: PgOptions,
        asked_by: AskedBy,
        identify: impl FnOnce(&Pg<'_>) -> Result<String, StoreError>,
    ) -> Result<Self, StoreError> {
        let name = options.name();
        let writer = Links::new(options.clone(), name.clone(), 1);
        let database_id = writer.with(|link| identify(&Pg::new(link, &options, &name)))?;
        let reader = Links::new(options.clone(), name.clone(), READERS);
        let readers = Links::new(options.clone(), name.clone(), USERS);
        let (signal, looking) = (Arc::<ChangeSignal>::default(), Arc::<Looking>::default());
        let listener = (!options.poll_only)
            .then(|| Listener::start(options.clone(), &database_id, signal.clone(), looking.clone()))
            .flatten();
        let opened = Instant::now();
        let outage = Outage::default();
        let shared =
            Shared { options, name, database_id, writer, reader, readers, outage, opened, signal, looking, listener };
        Ok(Self { shared: Arc::new(shared), asked_by })
    }

    /// Returns the options with which it was opened.
    pub fn options(&self) -> &PgOptions {
        &self.shared.options
    }

    fn reading<T>(&self, read: impl Fn(&Reader<'_, Pg<'_>>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Shared { options, name, reader, readers, .. } = &*self.shared;
        let links = match self.asked_by {
            AskedBy::Engine => reader,
            AskedBy::Users | AskedBy::Inspection => readers,
        };
        let mut tries = 0;
        loop {
            let answer = links.with(|link| {
                let session = Pg::new(link, options, name);
                let read = || read(&Reader { session: &session, database: name });
                match self.asked_by {
                    AskedBy::Engine | AskedBy::Users => read(),
                    AskedBy::Inspection => session.begin_look().and_then(|()| read()).and_then(|answer| {
                        session.end_look()?;
                        Ok(answer)
                    }),
                }
            });
            tries += 1;
            match answer {
                // A connection may have ended while nobody used it.
                Err(error)
                    if is_outage(&error, Stage::Outside) && (self.shared.outage.is_waited_for() || tries == 1) =>
                {
                    std::thread::sleep(wait(tries));
                }
                Err(error) => return Err(error),
                Ok(answer) => {
                    self.shared.outage.ends();
                    return Ok(answer);
                }
            }
        }
    }
}

/// Returns whether there is no connection, or the server has none left.
fn is_outage(error: &StoreError, stage: Stage) -> bool {
    error.kind == StoreErrorKind::Io || error.kind == StoreErrorKind::Busy && stage == Stage::Outside
}

fn has_code(write: &Write) -> bool {
    write.user_code().is_some()
}

impl Store for PostgresStore {
    fn commit(&self, writes: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError> {
        if matches!(self.asked_by, AskedBy::Inspection) {
            return Err(StoreError::only_read(&self.shared.name));
        }
        if writes.len() > 1 && writes.iter().any(has_code) {
            // Code holds its rows for as long as it runs, so each has a transaction of its own.
            let groups = writes.chunk_by(|a, b| !has_code(a) && !has_code(b));
            return Ok(groups.map(|group| self.commit(group)).collect::<Result<Vec<_>, _>>()?.concat());
        }
        self.shared.commit(writes)
    }

    /// Commits the writes if one call of a function can do that. The runtime's other tasks go on meanwhile, on another
    /// thread. `None` leaves the writes to the committer's thread: no function does them, or nothing was committed
    /// because of an error.
    fn try_commit(&self, writes: &[Write]) -> Result<Option<Answers>, StoreError> {
        let is_of_many = Handle::try_current().is_ok_and(|of| of.runtime_flavor() == RuntimeFlavor::MultiThread);
        if !is_of_many || writes.iter().any(has_code) {
            return Ok(None);
        }
        tokio::task::block_in_place(|| self.shared.direct(writes))
    }

    fn steps_aside(&self) -> bool {
        true
    }

    reads!();

    fn run_counts(&self, limit: usize) -> Result<Vec<(Status, u64)>, StoreError> {
        self.reading(|reader| reader.run_counts(limit))
    }

    fn tasks(&self, which: TaskKey<'_>) -> Result<Vec<TaskRow>, StoreError> {
        if !matches!(which, TaskKey::Waiting { .. }) {
            return self.reading(|reader| reader.tasks(which));
        }
        // With the settings of a transaction: to the planner, a sort of the whole queue looks cheap.
        self.reading(|reader| {
            reader.session.begin_read()?;
            let found = reader.tasks(which);
            reader.session.undo()?;
            found
        })
    }

    fn measure(&self, _: bool) -> Result<Measures, StoreError> {
        self.reading(|reader| measures::measure(reader.session))
    }

    /// Returns how often something was found for this process: by a look in each `poll`, and earlier by signals of
    /// other processes.
    fn foreign_changes(&self) -> Result<u64, StoreError> {
        let Shared { options, name, reader, opened, signal, looking, .. } = &*self.shared;
        let polls = opened.elapsed().as_millis() / options.poll.as_millis().max(1);
        let look = |own: &BTreeSet<i64>| reader.with(|link| is_anything_there(&Pg::new(link, options, name), own));
        Ok(looking.found(polls, look)?.saturating_add(signal.count()))
    }

    fn still_waiting(&self, runs: &[i64]) -> Result<Vec<i64>, StoreError> {
        self.reading(|reader| batch::still_waiting(reader.session, runs))
    }

    fn change_signal(&self) -> Option<Arc<ChangeSignal>> {
        Some(self.shared.signal.clone())
    }

    fn expects_news(&self) -> bool {
        self.shared.listener.as_ref().inspect(|listener| listener.expects_news()).is_some()
    }

    fn shares_work(&self) -> bool {
        true
    }

    fn database_id(&self) -> &str {
        &self.shared.database_id
    }

    fn for_users(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(Self { shared: self.shared.clone(), asked_by: AskedBy::Users }))
    }

    fn for_inspection(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(Self { shared: self.shared.clone(), asked_by: AskedBy::Inspection }))
    }
}
