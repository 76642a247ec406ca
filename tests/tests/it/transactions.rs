//! Rows of the user's own and the engine's journal as one commit: `#[transaction]` and `Engine::transaction`.

mod both_ways;
mod crashes;
mod foreign;
mod guarded;
mod refusals;
mod together;
mod values;

use std::path::PathBuf;
use steadfast::prelude::*;
use steadfast::sql::params;
use steadfast::{EngineBuilder, RunError};

/// A database file with the user's tables.
pub(crate) struct Bank {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Bank {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = folder.path().join("bank.db");
        Self { _folder: folder, path }
    }

    pub(crate) fn builder(&self) -> EngineBuilder {
        Engine::builder().sqlite(&self.path).workflow(transfer).workflow(named)
    }

    /// Starts an engine with `builder`, and creates the tables.
    pub(crate) async fn open(&self, builder: EngineBuilder) -> Engine {
        let engine = builder.start().await.unwrap();
        engine
            .transaction(|tx| {
                tx.execute(
                    "CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL CHECK (cents >= 0))",
                    [],
                )?;
                tx.execute("CREATE TABLE IF NOT EXISTS moves (id INTEGER PRIMARY KEY, cents INTEGER, note TEXT UNIQUE)", [])?;
                tx.execute(
                    "CREATE TABLE IF NOT EXISTS children
                     (parent TEXT REFERENCES accounts (name) DEFERRABLE INITIALLY DEFERRED)",
                    [],
                )?;
                tx.execute("INSERT OR IGNORE INTO accounts VALUES ('a', 1000), ('b', 0)", [])?;
                Ok(())
            })
            .await
            .unwrap();
        engine
    }

    /// Returns the result of a count, over a separate connection.
    pub(crate) fn count(&self, query: &str) -> i64 {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn moves(&self) -> i64 {
        self.count("SELECT count(*) FROM moves")
    }
}

#[transaction]
fn move_cents(tx: &mut Tx<'_>, cents: i64) -> Result<i64> {
    tx.execute("INSERT INTO moves (cents) VALUES (?1)", params![cents])?;
    tx.execute("UPDATE accounts SET cents = cents - ?1 WHERE name = 'a'", params![cents])?;
    tx.execute("UPDATE accounts SET cents = cents + ?1 WHERE name = 'b'", params![cents])?;
    Ok(tx.query_row("SELECT cents FROM accounts WHERE name = 'b'", [], |row| row.get(0))?)
}

#[workflow]
pub(crate) async fn transfer(flow: &mut Flow, cents: i64) -> Result<i64> {
    Ok(move_cents(flow, cents).await?)
}

/// Executes the statement that its input names.
#[workflow]
pub(crate) async fn named(flow: &mut Flow, what: String) -> Result<String> {
    Ok(refusals::execute(flow, what).await?)
}

fn text<T: std::fmt::Debug>(outcome: std::result::Result<T, RunError>) -> String {
    outcome.unwrap_err().to_string()
}
