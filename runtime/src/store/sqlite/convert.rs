//! Converts a database of an older version, and creates the tables of a new one.

#[cfg(test)]
mod tests;

use super::SqliteOptions;
use super::open::{CREATED, DATABASE, SCHEMA, connect, set_fact, version};
use super::session::Sqlite;
use super::views::VIEWS;
use crate::store::sql::{MIGRATIONS, Session, Types, VERSION};
use crate::store::{StoreError, StoreErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

const TYPES: Types = Types { number: "INTEGER PRIMARY KEY AUTOINCREMENT", body: "" };

/// The first version that has the log. An older version of this library does not open such a file.
const LOG_TABLE: usize = 5;

/// Returns whether a database is of a version before the log.
pub(super) fn has_no_log(version: Option<usize>) -> bool {
    version.is_some_and(|version| version < LOG_TABLE)
}

/// Begins the conversion of a database of a version before the log, once no other process has it open: an older version
/// of this library there would find its entries gone.
///
/// # Errors
/// It stays open elsewhere for longer than the busy timeout, or cannot be written.
pub(super) fn begin(full: &Path, name: &str, options: &SqliteOptions) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        let error = match try_begin(full, name, options) {
            Err(error) if error.kind == StoreErrorKind::Busy => error,
            done => return done,
        };
        if begun.elapsed() >= options.busy_timeout {
            let message = format!(
                "{name} has an older schema version and is open elsewhere, perhaps in a process with the older version \
                 of steadfast; it was left as it is. Stop that process first: this version converts the file to schema \
                 version {VERSION}"
            );
            return Err(StoreError { message, ..error });
        }
        // Two that convert have no connection while they wait, each for a time of its own: one of them gets through.
        let pause = 5 + uuid::Uuid::new_v4().as_u128() % 40;
        std::thread::sleep(Duration::from_millis(u64::try_from(pause).unwrap_or(5)));
    }
}

fn try_begin(full: &Path, name: &str, options: &SqliteOptions) -> Result<(), StoreError> {
    let options = options.clone().busy_timeout(Duration::ZERO);
    let connection = connect(full, name, &options)?;
    let session = Sqlite { connection: &connection, database: name };
    // Another process may have been faster.
    if !has_no_log(version(&session)?) {
        return Ok(());
    }
    // SQLite leaves the write-ahead log only if no other connection is open, and lets none in until this one is closed.
    session.set("locking_mode", "EXCLUSIVE")?;
    session.set("journal_mode", "DELETE")?;
    while has_no_log(version(&session)?) {
        in_transaction(&session, step)?;
    }
    Ok(())
}

/// Migrates an empty or older database to this version, by steps that are complete each: whatever ends it, the next
/// open continues where it stopped.
pub(super) fn migrate(session: &Sqlite<'_>) -> Result<(), StoreError> {
    if version(session)?.is_none() {
        return in_transaction(session, steps);
    }
    while !in_transaction(session, step)? {}
    Ok(())
}

/// Performs a part of a migration, or none of it.
fn in_transaction<T>(
    session: &Sqlite<'_>,
    part: impl FnOnce(&Sqlite<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let converts = version(session)?.is_some_and(|version| version < VERSION);
    session.begin()?;
    let done = part(session).and_then(|done| session.commit().map(|()| done));
    if done.is_err() {
        let _ = session.rollback();
    }
    done.map_err(|error| match error.kind {
        _ if !converts => error,
        StoreErrorKind::Busy | StoreErrorKind::Newer => error,
        _ => {
            let message = format!(
                "{}; nothing is lost: its conversion to schema version {VERSION} continues when it is opened again",
                error.message
            );
            StoreError { message, ..error }
        }
    })
}

/// Migrates an empty or older database to this version, within one transaction.
pub(super) fn steps(session: &Sqlite<'_>) -> Result<(), StoreError> {
    while !step(session)? {}
    Ok(())
}

/// Performs the next step, and returns whether it was the last one.
fn step(session: &Sqlite<'_>) -> Result<bool, StoreError> {
    // Read again inside the transaction: another process may have been faster.
    let version = version(session)?;
    let done = version.unwrap_or(0);
    let Some(migration) = MIGRATIONS.get(done) else { return Ok(true) };
    if let [copy, rest @ ..] = migration.slice
        && session.execute(copy, &[])? > 0
    {
        rest.iter().try_for_each(|statement| session.execute(statement, &[]).map(drop))?;
        return Ok(false);
    }
    // They name tables that a step may remove.
    for view in VIEWS {
        session.execute(&format!("DROP VIEW IF EXISTS {}", view.name), &[])?;
    }
    for statement in migration.statements(&TYPES) {
        session.execute(&statement, &[])?;
    }
    if version.is_none() {
        set_fact(session, DATABASE, &uuid::Uuid::new_v4().simple().to_string())?;
        set_fact(session, CREATED, concat!("steadfast ", env!("CARGO_PKG_VERSION")))?;
    }
    set_fact(session, SCHEMA, &(done + 1).to_string())?;
    if done + 1 < VERSION {
        return Ok(false);
    }
    for view in VIEWS {
        session.execute(&format!("CREATE VIEW {} AS {}", view.name, view.query), &[])?;
    }
    Ok(true)
}
