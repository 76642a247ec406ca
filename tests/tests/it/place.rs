//! The databases of a test that runs on several: a file of SQLite, memory, and a database of Postgres.
//!
//! [`tests_on!`](crate::tests_on) defines a test once for each of them, from one function. These tests are about a file
//! and stay with SQLite:
//! - power cuts, damaged and missing files, backups (`power_loss`, `file_gone`, `backups`): they copy and break files.
//!   Crashes of a server are in `tests/postgres`, as are restored databases.
//! - sealed values in another entry of the log (`sealed_places`): SQLite's functions for JSON unpack and change the
//!   rows.

use rusqlite::types::ValueRef;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;
use steadfast::store::{MemoryStore, PgOptions, SqliteStore, Store};
use steadfast::{Durability, Engine, EngineBuilder};
use tempfile::TempDir;
use throwaway_postgres::{Cluster, Database, Rows};

/// The lease term on Postgres: tests wait for it where no side file says that a process has died.
const TERM: Duration = Duration::from_millis(600);

/// A database, and a folder for files beside it. Clones share both.
#[derive(Clone)]
pub(crate) struct Place {
    kind: Kind,
    folder: Arc<TempDir>,
}

#[derive(Clone)]
enum Kind {
    File,
    Memory(MemoryStore),
    Postgres(Database),
}

impl Place {
    fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        Self { kind, folder: Arc::new(folder) }
    }

    /// Returns a file of SQLite.
    #[expect(clippy::unnecessary_wraps, reason = "`tests_on!` treats all places alike")]
    pub(crate) fn file() -> Option<Self> {
        Some(Self::new(Kind::File))
    }

    /// Returns a database in memory.
    #[expect(clippy::unnecessary_wraps, reason = "`tests_on!` treats all places alike")]
    pub(crate) fn memory() -> Option<Self> {
        Some(Self::new(Kind::Memory(MemoryStore::new())))
    }

    /// Returns an empty database of Postgres; `None` if this machine has no server.
    pub(crate) fn postgres() -> Option<Self> {
        Cluster::shared().map(|cluster| Self::new(Kind::Postgres(cluster.database("place"))))
    }

    /// Returns another empty database of this kind.
    pub(crate) fn another(&self) -> Self {
        let place = match self.kind {
            Kind::File => Self::file(),
            Kind::Memory(_) => Self::memory(),
            Kind::Postgres(_) => Self::postgres(),
        };
        place.expect("there was one before")
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File)
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.kind, Kind::Postgres(_))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the path of a file of SQLite.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("place.db")
    }

    /// Returns the name by which a program opens the database: a path, or a URL.
    pub(crate) fn name(&self) -> String {
        match &self.kind {
            Kind::File => self.path().display().to_string(),
            Kind::Memory(_) => panic!("a database in memory belongs to this process"),
            Kind::Postgres(database) => database.url().to_owned(),
        }
    }

    pub(crate) fn builder(&self) -> EngineBuilder {
        match &self.kind {
            Kind::File => Engine::builder().sqlite(self.path()),
            Kind::Memory(store) => Engine::builder().store(store.clone()),
            Kind::Postgres(database) => Engine::builder().postgres(database.url()).lease_term(TERM),
        }
    }

    /// Opens the database without an engine.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match &self.kind {
            Kind::File => Arc::new(SqliteStore::open(self.path(), Durability::Full).expect("the file is opened")),
            Kind::Memory(store) => Arc::new(store.clone()),
            Kind::Postgres(database) => {
                let options = PgOptions::new(database.url()).expect("the URL is one");
                Arc::new(options.open().expect("the database is opened"))
            }
        }
    }

    /// Returns the lease term for programs: it counts for processes that hang, and on Postgres for those of which
    /// no side file is found.
    pub(crate) fn term(&self) -> Duration {
        if self.is_file() { Duration::from_secs(5) } else { TERM }
    }

    /// Starts a program. On Postgres it waits until the program owns a lease or has ended.
    pub(crate) fn spawn(&self, start: impl FnOnce() -> Child) -> Child {
        let before = self.owners();
        let mut child = start();
        limits::hold_until(|| {
            let owners = self.owners();
            let is_at_work = !owners.is_empty() && owners.is_disjoint(&before);
            is_at_work || self.is_file() || child.try_wait().expect("a child can be waited for").is_some()
        });
        child
    }

    /// Returns the owners of leases on Postgres.
    fn owners(&self) -> BTreeSet<String> {
        let Kind::Postgres(database) = &self.kind else { return BTreeSet::new() };
        // The first program creates the table.
        let rows = database.execute("SELECT owner FROM steadfast_leases").unwrap_or_default();
        rows.into_iter().flatten().flatten().collect()
    }

    /// Executes a statement, and returns its rows as texts.
    pub(crate) fn rows(&self, statement: &str) -> Rows {
        match &self.kind {
            Kind::File => rows_of(&self.path(), statement),
            Kind::Memory(_) => panic!("a database in memory has no SQL"),
            Kind::Postgres(database) => database.execute(statement).expect("it is executed"),
        }
    }

    /// Returns the number that a query selects.
    pub(crate) fn count(&self, query: &str) -> i64 {
        self.rows(query)[0][0].as_deref().expect("a number").parse().expect("a number")
    }
}

fn rows_of(path: &Path, statement: &str) -> Rows {
    let db = rusqlite::Connection::open(path).expect("the file is opened");
    db.busy_timeout(Duration::from_secs(10)).expect("a time limit");
    let mut prepared = db.prepare(statement).expect("a statement");
    let columns = prepared.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get_ref(column).map(text)).collect();
    prepared.query_map([], row).expect("it is executed").map(|row| row.expect("a row")).collect()
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(n) => Some(n.to_string()),
        ValueRef::Real(n) => Some(n.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Defines tests once for each place: `tests_on!(file, postgres: one, two)` calls the async functions `one(place)` and
/// `two(place)` of this module.
#[macro_export]
macro_rules! tests_on {
    ($first:ident, $($place:ident),+: $($test:ident),+ $(,)?) => {
        $crate::tests_on!($first: $($test),+);
        $crate::tests_on!($($place),+: $($test),+);
    };
    ($place:ident: $($test:ident),+ $(,)?) => {
        mod $place {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    let Some(place) = $crate::place::Place::$place() else { return };
                    super::$test(place).await;
                }
            )+
        }
    };
}
