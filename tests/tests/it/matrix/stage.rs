//! Where a cell is played: its folder, its databases, and the run in question seen from outside.

use super::halves::{Halves, HalvesByMistake};
use super::subject::{self, Go, Holding};
use crate::runs::wait_for;
use crate::steps::until_asked;
use std::path::PathBuf;
use steadfast::field_store::FolderStore;
use steadfast::journal::Kind;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Key, Run, StaticKeys, Status};
use tempfile::TempDir;
use tokio::time::timeout;

/// No wait of a cell is longer.
pub(super) const LIMIT: Duration = Duration::from_secs(20);
/// Long enough for what is to hold, where it is known that it does not.
pub(super) const LIMIT_OF_FAULTS: Duration = Duration::from_secs(3);

/// The code that is deployed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    First,
    /// The first one and a second version of the workflow.
    WithVersion2,
    /// Code that no history fits.
    ByMistake,
}

pub(super) struct Stage {
    folder: TempDir,
    pub(super) cell: String,
    pub(super) evict: bool,
}

impl Stage {
    pub(super) fn new(cell: String) -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), cell, evict: false }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn builder(&self, database: &str, build: Build) -> EngineBuilder {
        let folder = FolderStore::new(self.path(&format!("{database}-shelf"))).unwrap();
        let builder = Engine::builder().sqlite(self.path(database)).field_store("shelf", folder);
        let builder = builder.keys(StaticKeys::new(Key::new("k1", [7; 32]))).lease_term(Duration::from_millis(500));
        let builder = builder.evict_after(if self.evict { Duration::ZERO } else { Duration::from_hours(1) });
        let builder = builder.workflow(subject::kid).workflow(subject::sick_kid).workflow(subject::boss);
        match build {
            Build::First => builder.workflow(subject::subject).workflow(Halves),
            Build::WithVersion2 => builder.workflow(subject::subject).workflow(subject::subject_2).workflow(Halves),
            Build::ByMistake => builder.workflow(subject::subject_by_mistake).workflow(HalvesByMistake),
        }
    }

    /// An engine on one of the databases.
    pub(super) async fn engine(&self, database: &str, build: Build) -> Engine {
        let engine = self.builder(database, build).start().await.unwrap();
        let table = "CREATE TABLE IF NOT EXISTS notes (cell TEXT NOT NULL)";
        let made = engine.transaction(move |tx| Ok(tx.execute(table, [])?));
        made.await.unwrap();
        engine
    }

    /// Asserts that no table of ours has a row of this run left.
    pub(super) fn has_no_row_of(&self, number: i64) {
        let connection = rusqlite::Connection::open(self.path("a.db")).unwrap();
        for (table, column) in super::ties::TABLES_OF_RUNS {
            let query = format!("SELECT count(*) FROM {table} WHERE {column} = {number}");
            let left: i64 = connection.query_row(&query, [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0, "{table} has rows of a run that was deleted");
        }
    }

    /// How many contents the field store of a database has.
    pub(super) fn contents(&self, database: &str) -> usize {
        let mut folders = vec![self.path(&format!("{database}-shelf"))];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() { folders.push(entry.path()) } else { files += 1 }
            }
        }
        files
    }

    /// What a query counts, as another program sees it.
    pub(super) fn count(&self, database: &str, query: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.path(database)).unwrap();
        connection.busy_timeout(LIMIT).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }
}

/// A run that has, or has not, what is held.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) engine: Engine,
    pub(super) database: &'static str,
    pub(super) id: String,
    /// It has a fresh journal: its plan says that it continues another.
    pub(super) fresh: bool,
}

impl Place {
    pub(super) async fn run(&self) -> Run {
        self.engine.run(&self.id).await.unwrap()
    }

    pub(super) async fn say(&self, go: Go) {
        self.engine.send(&self.id, go).await.unwrap();
    }

    pub(super) async fn status(&self) -> Status {
        self.run().await.status().await.unwrap().status
    }

    pub(super) async fn has(&self, kind: Kind) -> usize {
        self.run().await.history().await.unwrap().iter().filter(|entry| entry.kind == kind).count()
    }

    /// Tells the run to go on, and waits for its result.
    pub(super) async fn goes_on_to(&self, holding: Holding, expected: &str) {
        if holding != Holding::FanIn {
            self.say(Go::On).await;
        }
        self.ends_with(holding, expected).await;
    }

    pub(super) async fn ends_with(&self, holding: Holding, expected: &str) {
        let result = self.result(holding).await;
        assert_eq!(
            result.as_deref(),
            Ok(expected),
            "`{}` in {}: {:?}",
            self.id,
            self.database,
            self.run().await.status().await
        );
    }

    pub(super) async fn result(&self, holding: Holding) -> std::result::Result<String, String> {
        let ended = async {
            let ended = if holding == Holding::FanIn {
                self.engine.handle(Halves, &self.id).await.unwrap().result().await
            } else {
                self.engine.handle(subject::subject, &self.id).await.unwrap().result().await
            };
            ended.map_err(|error| error.to_string())
        };
        timeout(LIMIT, ended).await.unwrap_or_else(|_| Err(format!("no end within {LIMIT:?}")))
    }

    /// Has the run take one more turn, and waits until it is at its gate again.
    pub(super) async fn settle(&self, holding: Holding) {
        if holding == Holding::FanIn {
            return;
        }
        self.say(Go::Stay).await;
        until_asked(async || {
            let history = self.run().await.history().await.unwrap();
            let gates = history
                .iter()
                .filter(|entry| entry.kind == Kind::ReceiveStarted && entry.name.as_deref() == Some("Go"));
            let read = history
                .iter()
                .filter(|entry| entry.kind == Kind::MessageReceived && entry.name.as_deref() == Some("Go"));
            read.count() >= 1 && gates.count() >= 2
        })
        .await;
    }

    pub(super) async fn until(&self, status: Status) {
        wait_for(&self.run().await, status).await;
    }
}
