//! A file whose contents move to another database: opened by nobody else, read table by table, and marked in the end.

use super::SqliteOptions;
use super::file::{looked_at, not_ours};
use super::open::{DATABASE, MOVED, connect, set_fact};
use super::session::Sqlite;
use crate::store::decide::perform;
use crate::store::sql::{Cell, EachRow, Reader, Session, Tables};
use crate::store::{Lease, StoreError, StoreErrorKind, Write};
use rusqlite::Connection;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// A file that no other process has open.
pub(in crate::store) struct Leaving {
    connection: Connection,
    pub(in crate::store) name: String,
}

impl Leaving {
    /// Opens a file, in this version's schema, and keeps others out until it is dropped.
    ///
    /// # Errors
    /// It is no database of the engine, is open elsewhere, or its contents have moved already.
    pub(in crate::store) fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(not_ours(format!("{}: there is no such file", path.display())));
        }
        // Brings it to this schema, and says what is wrong with it.
        drop(SqliteOptions::default().open(path)?);
        let (full, name) = (looked_at(path)?, path.display().to_string());
        let connection = connect(&full, &name, &SqliteOptions::default().busy_timeout(Duration::ZERO))?;
        let session = Sqlite { connection: &connection, database: &name };
        // SQLite leaves the write-ahead log only if no other connection is open, and lets none in until this one is closed.
        session.set("locking_mode", "EXCLUSIVE")?;
        session.set("journal_mode", "DELETE").and_then(|()| session.begin()).map_err(|error| {
            let message = format!("{name} is open elsewhere; stop the engine that has it, and try again");
            if error.kind == StoreErrorKind::Busy { StoreError { message, ..error } } else { error }
        })?;
        lose_tasks(&session, &name)?;
        Ok(Self { connection, name })
    }

    fn session(&self) -> Sqlite<'_> {
        Sqlite { connection: &self.connection, database: &self.name }
    }

    /// Returns the id of the database.
    pub(in crate::store) fn database_id(&self) -> Result<String, StoreError> {
        let session = self.session();
        (Reader { session: &session, database: &self.name }).meta(DATABASE).map(Option::unwrap_or_default)
    }

    /// Passes on every row of a query.
    pub(in crate::store) fn select(&self, query: &str, each: EachRow<'_>) -> Result<(), StoreError> {
        self.session().select(query, &[], each)
    }

    /// Returns the last number that a table has drawn.
    pub(in crate::store) fn last_number(&self, table: &str) -> Result<i64, StoreError> {
        let mut last = 0;
        self.session().select(
            "SELECT seq FROM sqlite_sequence WHERE name = ?1",
            &[Cell::Text(table.as_bytes())],
            &mut |row| {
                if let Cell::Int(number) = row.cell(0) {
                    last = number;
                }
                ControlFlow::Break(())
            },
        )?;
        Ok(last)
    }

    /// Marks the file: no engine opens it any more.
    pub(in crate::store) fn leave(self, to: &str) -> Result<(), StoreError> {
        let session = self.session();
        set_fact(&session, MOVED, to)?;
        session.commit()
    }
}

/// Ends the attempts of remote steps that engines have claimed: none of them has the file open any more.
fn lose_tasks(session: &Sqlite<'_>, name: &str) -> Result<(), StoreError> {
    let leases = (Reader { session, database: name }).leases()?;
    let mut tables = Tables::new(session, name);
    for row in leases {
        let seen = Lease { number: row.number, epoch: row.epoch };
        // It is never rejected: no other process can have taken the lease.
        let _ = perform(&mut tables, &Write::TakeLease { seen, heartbeat: row.heartbeat, owner: row.owner })?;
    }
    Ok(())
}
