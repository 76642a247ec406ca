//! A store in a database of Postgres.

#[cfg(feature = "sqlite")]
mod arrival;
mod batch;
mod cells;
mod code;
mod fault;
mod grants;
mod link;
mod links;
mod listener;
mod looking;
mod options;
mod outage;
mod schema;
mod session;
mod text;
mod tls;

pub use options::PgOptions;

use super::sql::{self, Reader, Session as _};
use super::{
    Belongings, ChangeSignal, EntryRow, FieldRow, InboxRow, LeaseRow, OutputRow, Rejected, RequestKey, RequestRow,
    RunKey, RunPage, RunQuery, RunRow, Store, StoreError, StoreErrorKind, WaitingRuns, Write, Written,
};
use links::Links;
use listener::{ALL, Listener};
use looking::{Looking, is_anything_there};
use outage::Outage;
use session::{Pg, Stage};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
}

/// The most connections for loads and other reads of the engine, and for users' reads.
const READERS: usize = 2;
const USERS: usize = 4;

/// How often a transaction is tried that others were in the way of.
const TRIES: u32 = 12;
const TOGETHER: u32 = 6;

/// The wait before something is tried again, at first and at most.
const AGAIN: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(400);

/// The time after which a commit ends transactions of others that wait for their process. Their server ends those that
/// wait between two statements after the same time, and none that waits for the rest of a statement.
const STALLED: Duration = Duration::from_secs(5);

const END_STALLED: &str = "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.wait_event = 'ClientRead'
        AND a.state_change < clock_timestamp() - interval '5 s'
        AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.relation = to_regclass(?1))";

/// The table of which each batch holds a weak lock, and what excludes all batches a strong one.
const GATE: &str = "steadfast_leases";

/// Returns the wait after so many tries.
fn wait(tries: u32) -> Duration {
    (AGAIN * tries * tries.min(20)).min(LONGEST)
}

impl PostgresStore {
    pub(super) fn open(options: PgOptions) -> Result<Self, StoreError> {
        let name = options.name();
        let writer = Links::new(options.clone(), name.clone(), 1);
        let (schema, migrates) = (options.schema.as_deref(), options.migrates);
        let database_id = writer.with(|link| schema::opened(&Pg::new(link, &options, &name), schema, migrates))?;
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
        Ok(Self { shared: Arc::new(shared), asked_by: AskedBy::Engine })
    }

    /// Returns the options with which it was opened.
    pub fn options(&self) -> &PgOptions {
        &self.shared.options
    }

    fn reading<T>(&self, read: impl Fn(&Reader<'_, Pg<'_>>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Shared { options, name, reader, readers, .. } = &*self.shared;
        let links = match self.asked_by {
            AskedBy::Engine => reader,
            AskedBy::Users => readers,
        };
        let mut tries = 0;
        loop {
            let answer = links.with(|link| {
                let session = Pg::new(link, options, name);
                read(&Reader { session: &session, database: name })
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

/// Commits a batch beside those of others. What is rare, and what others are in the way of again and again, is written
/// with all other writers excluded.
fn committed(session: &Pg<'_>, writes: &[Write], tries: u32) -> Result<(Answers, Option<BTreeSet<i64>>), StoreError> {
    if tries < TOGETHER {
        match beside_others(session, writes) {
            Ok(Some((answers, woken))) => return Ok((answers, Some(woken))),
            Ok(None) => {}
            // The database refuses one of them, or another process was faster: both are looked at again.
            Err(error)
                if matches!(error.kind, StoreErrorKind::Refused | StoreErrorKind::TooLarge)
                    && session.stage() == Stage::Begun =>
            {
                session.undo()?;
            }
            Err(error) => return Err(error),
        }
    }
    sql::commit(session, session.database, writes).map(|answers| (answers, None))
}

fn beside_others(session: &Pg<'_>, writes: &[Write]) -> Result<Option<(Answers, BTreeSet<i64>)>, StoreError> {
    match writes {
        [write] if write.user_code().is_some() => {
            Ok(code::commit(session, write)?.map(|(answer, woken)| (vec![answer], woken)))
        }
        _ => Ok(batch::commit(session, writes)?.map(|done| (done.answers, done.woken))),
    }
}

fn has_code(write: &Write) -> bool {
    write.user_code().is_some()
}

/// Returns whether there is no connection, or the server has none left.
fn is_outage(error: &StoreError, stage: Stage) -> bool {
    error.kind == StoreErrorKind::Io || error.kind == StoreErrorKind::Busy && stage == Stage::Outside
}

impl Shared {
    /// Ends transactions of processes that were stopped, or whose network is lost, in the middle of a statement: all
    /// others wait for their rows.
    fn end_stalled(&self) {
        let ended = self.readers.with(|link| {
            let mut ended = 0;
            let gate = text::for_postgres(GATE, self.options.schema.as_deref());
            let session = Pg::new(link, &self.options, &self.name);
            session.select(END_STALLED, &[sql::Cell::Text(gate.as_bytes())], &mut |_| {
                ended += 1;
                ControlFlow::Continue(())
            })?;
            Ok(ended)
        });
        match ended {
            Ok(0) => {}
            Ok(ended) => {
                tracing::warn!(ended, "transactions of processes that stand still were in the way, and are ended");
            }
            Err(error) => tracing::warn!(%error, "transactions of processes that stand still cannot be looked for"),
        }
    }

    /// Waits until the server has decided about a commit whose answer was lost: what is read after that stays so. The
    /// server may still be about to execute it, and each batch holds a lock that this excludes.
    fn settle(&self) {
        let mut tries = 0;
        loop {
            let excluded = self.writer.with(|link| {
                let session = Pg::new(link, &self.options, &self.name);
                session.begin()?;
                session.rollback()
            });
            tries += 1;
            match excluded {
                Ok(()) => return self.outage.ends(),
                // Without a server the engine reads later.
                Err(error) if !is_outage(&error, Stage::Outside) || !self.outage.is_waited_for() => return,
                Err(_) => std::thread::sleep(wait(tries)),
            }
        }
    }

    /// Notes what a batch says about our leases, and notifies the holders of others; `None` stands for all of them.
    fn tell(&self, writes: &[Write], answers: &Answers, woken: Option<BTreeSet<i64>>) {
        self.looking.learns(writes, answers);
        if let Some(listener) = &self.listener {
            listener.wake(woken.map_or_else(|| BTreeSet::from([ALL]), |leases| self.looking.of_others(&leases)));
        }
    }
}

impl Store for PostgresStore {
    fn commit(&self, writes: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError> {
        if writes.len() > 1 && writes.iter().any(has_code) {
            // Code holds its rows for as long as it runs, so each has a transaction of its own.
            let groups = writes.chunk_by(|a, b| !has_code(a) && !has_code(b));
            return Ok(groups.map(|group| self.commit(group)).collect::<Result<Vec<_>, _>>()?.concat());
        }
        let Shared { options, name, writer, outage, .. } = &*self.shared;
        let (mut tries, begun) = (0, Instant::now());
        loop {
            let mut stage = Stage::Outside;
            let answers = writer.with(|link| {
                let session = Pg::new(link, options, name);
                let answers = committed(&session, writes, tries);
                stage = session.stage();
                answers
            });
            tries += 1;
            let error = match answers {
                Ok((answers, woken)) => {
                    outage.ends();
                    self.shared.tell(writes, &answers, woken);
                    return Ok(answers);
                }
                Err(error) => error,
            };
            let is_tried_again = match stage {
                Stage::Committing => false,
                _ if is_outage(&error, stage) => outage.is_waited_for(),
                _ => error.kind == StoreErrorKind::Busy && tries < TRIES,
            };
            if !is_tried_again {
                if stage == Stage::Committing {
                    self.shared.settle();
                }
                return Err(error);
            }
            if tries == 1 && error.kind == StoreErrorKind::Io {
                tracing::warn!(%error, "a transaction is tried again, of which nothing was committed");
            }
            if stage == Stage::Begun && begun.elapsed() > STALLED {
                self.shared.end_stalled();
            }
            std::thread::sleep(wait(tries));
        }
    }

    /// Leaves it to the committer's thread: an answer takes a round trip.
    fn try_commit(&self, _: &[Write]) -> Result<Option<Vec<Result<Written, Rejected>>>, StoreError> {
        Ok(None)
    }

    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        self.reading(|reader| reader.run(key))
    }

    fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError> {
        self.reading(|reader| reader.runs(query))
    }

    fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        self.reading(|reader| reader.entries(run, after, limit))
    }

    fn outline(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        self.reading(|reader| reader.outline(run, after, limit))
    }

    fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError> {
        self.reading(|reader| reader.fields(run, from, to))
    }

    fn inbox(&self, of: RunKey<'_>, after: i64, limit: usize) -> Result<Vec<InboxRow>, StoreError> {
        self.reading(|reader| reader.inbox(of, after, limit))
    }

    fn requests(&self, which: RequestKey<'_>) -> Result<Vec<RequestRow>, StoreError> {
        self.reading(|reader| reader.requests(which))
    }

    fn outputs(
        &self,
        first_run: i64,
        channel: &str,
        after: u64,
        limit: usize,
        newest: bool,
    ) -> Result<Vec<OutputRow>, StoreError> {
        self.reading(|reader| reader.outputs(first_run, channel, after, limit, newest))
    }

    fn labels(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.reading(|reader| reader.labels(run))
    }

    fn belongings(&self, run: i64) -> Result<Option<Belongings>, StoreError> {
        self.reading(|reader| reader.belongings(run))
    }

    fn waiting(&self, lease: Option<i64>, limit: usize) -> Result<Vec<WaitingRuns>, StoreError> {
        self.reading(|reader| reader.waiting(lease, limit))
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method by itself fits no other lifetimes")]
    fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
        self.reading(|reader| reader.leases())
    }

    /// Returns how often something was found for this process: by looking for it, each `poll`, and earlier by the signals
    /// of others.
    fn foreign_changes(&self) -> Result<u64, StoreError> {
        let Shared { options, name, reader, opened, signal, looking, .. } = &*self.shared;
        let polls = opened.elapsed().as_millis() / options.poll.as_millis().max(1);
        let look = |own: &BTreeSet<i64>| reader.with(|link| is_anything_there(&Pg::new(link, options, name), own));
        Ok(looking.found(polls, look)?.saturating_add(signal.count()))
    }

    fn change_signal(&self) -> Option<Arc<ChangeSignal>> {
        Some(self.shared.signal.clone())
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
}
