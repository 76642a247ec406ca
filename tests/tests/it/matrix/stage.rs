//! The environment of a cell: its folder, its databases, and its run seen from outside.

use super::beginning::{self, Build};
use super::halves::Halves;
use super::subject::{self, Go, Holding};
use crate::runs::wait_for;
use crate::steps::until_asked;
use limits::Soon as _;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{Run, Status};
use tempfile::TempDir;
use tokio::time::timeout;

/// The time limit of every wait of a cell.
pub(super) const LIMIT: Duration = Duration::from_secs(20);
/// The time limit of a cell with a known fault.
pub(super) const LIMIT_OF_FAULTS: Duration = Duration::from_secs(3);

pub(super) struct Stage {
    folder: TempDir,
    pub(super) cell: String,
    pub(super) evict: bool,
    /// The number of seconds by which the wall clock of the separate process is ahead.
    pub(super) ahead: i64,
}

impl Stage {
    pub(super) fn new(cell: String) -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), cell, evict: false, ahead: 0 }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts an engine on one of the databases.
    pub(super) async fn engine(&self, database: &str, build: Build) -> Engine {
        let evict_after = if self.evict { Duration::ZERO } else { Duration::from_hours(1) };
        let engine = beginning::builder(self.folder.path(), database, build, evict_after).start().await.unwrap();
        beginning::make_table(&engine).await;
        engine
    }

    /// Spawns a separate process, in which the run of the cell begins.
    pub(super) async fn process(&self, holding: Holding) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_matrix"));
        command.arg(self.folder.path()).arg(holding.name()).arg(&self.cell).stdout(Stdio::piped());
        if self.ahead != 0 {
            let library =
                crate::moved_clock::library().unwrap_or_else(|why| panic!("the clock cannot be moved here: {why}"));
            let file = self.path("clock");
            std::fs::write(&file, self.ahead.to_string()).unwrap();
            command.env("LD_PRELOAD", library).env("CLOCK_FILE", file);
        }
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let process = Process(child);
        let started = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            output.read_line(&mut line).map(|_| line)
        });
        assert_eq!(timeout(LIMIT, started).await.unwrap().unwrap().unwrap(), "started\n");
        process
    }

    /// Returns the expected due time, after the death of the separate process that recorded it. A duration moves along
    /// when the wall clock is set back. When it is set forward, the difference cannot be distinguished from elapsed
    /// time.
    pub(super) fn moved(&self, due: Option<SystemTime>) -> Option<SystemTime> {
        due.map(|due| due - Duration::from_secs(u64::try_from(self.ahead).unwrap_or(0)))
    }

    /// Returns how often step bodies of the cell have done this, in any process.
    pub(super) fn deeds(&self, what: &str) -> usize {
        let of_others = std::fs::read_to_string(self.path("deeds")).unwrap_or_default();
        subject::deeds(&self.cell, what) + of_others.lines().filter(|line| *line == what).count()
    }

    /// Asserts that no table of the engine has a row of this run left.
    pub(super) fn has_no_row_of(&self, number: i64) {
        let connection = rusqlite::Connection::open(self.path("a.db")).unwrap();
        for (table, column) in super::ties::TABLES_OF_RUNS {
            let query = format!("SELECT count(*) FROM {table} WHERE {column} = {number}");
            let left: i64 = connection.query_row(&query, [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0, "{table} has rows of a run that was deleted");
        }
    }

    /// Returns the number of contents in the field store of a database.
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

    /// Returns the result of a count, over a separate connection.
    pub(super) fn count(&self, database: &str, query: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.path(database)).unwrap();
        connection.busy_timeout(LIMIT).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }
}

/// A process that is killed, `kill -9`, on drop at the latest.
pub(super) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // The process may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A run that may have the held thing.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) engine: Engine,
    pub(super) database: &'static str,
    pub(super) id: String,
    /// Whether the run is a successor.
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

    /// Releases the run, and checks its result.
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
                self.engine.handle(Halves, &self.id).await.unwrap().result().soon().await
            } else {
                self.engine.handle(subject::subject, &self.id).await.unwrap().result().soon().await
            };
            ended.map_err(|error| error.to_string())
        };
        timeout(LIMIT, ended).await.unwrap_or_else(|_| Err(format!("no end within {LIMIT:?}")))
    }

    /// Makes the run take one more turn, and waits until it is at its gate again.
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
