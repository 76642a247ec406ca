//! How the tables are created and checked.

mod schedules;
mod version_6;
mod versions;

use super::session::Pg;
use super::text::for_postgres;
use crate::store::sql::{Cell, META_TABLE, Reader, SET_META, Session};
use crate::store::{StoreError, StoreErrorKind};
use std::ops::ControlFlow;
pub(super) use versions::VERSION;

use versions::STEPS;

const SCHEMA: &str = "schema";
pub(super) const DATABASE: &str = "database";

const CREATE_META: &str =
    "CREATE TABLE IF NOT EXISTS steadfast_meta (key TEXT COLLATE \"C\" PRIMARY KEY, value TEXT NOT NULL)";

/// Returns the statements that create everything.
pub(super) fn created<'a>() -> impl Iterator<Item = &'a str> {
    std::iter::once(CREATE_META).chain(STEPS.iter().flat_map(|step| step.iter().copied()))
}

/// Returns the statements of all versions. Those that the database has had are left out when they are executed.
pub(super) fn printed(schema: Option<&str>) -> String {
    let mut text = format!("BEGIN;\n{};\nDO $steadfast$ BEGIN\n", created_in(CREATE_META, schema));
    for (version, statements) in STEPS.iter().enumerate() {
        let (condition, noted) = step_from(version);
        text.extend(["IF ", &for_postgres(&condition, schema), " THEN\n"]);
        for statement in statements.iter().copied().chain([noted.as_str()]) {
            text.push_str(&created_in(statement, schema));
            text.push_str(";\n");
        }
        text.push_str("END IF;\n");
    }
    text + "END $steadfast$;\nCOMMIT;\n"
}

/// Returns the condition of a step from this version, and the statement that notes the next one.
fn step_from(version: usize) -> (String, String) {
    let next = version + 1;
    let row = format!("SELECT 1 FROM steadfast_meta WHERE key = '{SCHEMA}'");
    if version == 0 {
        let noted = format!(
            "INSERT INTO steadfast_meta (key, value) VALUES ('{SCHEMA}', '{next}'), \
             ('{DATABASE}', replace(gen_random_uuid()::text, '-', ''))"
        );
        return (format!("NOT EXISTS ({row})"), noted);
    }
    let noted = format!("UPDATE steadfast_meta SET value = '{next}' WHERE key = '{SCHEMA}'");
    (format!("EXISTS ({row} AND value = '{version}')"), noted)
}

/// An index is created in the schema of its table, and named without one.
fn created_in(statement: &str, schema: Option<&str>) -> String {
    let is_index = statement.starts_with("CREATE INDEX") || statement.starts_with("CREATE UNIQUE INDEX");
    match statement.split_once(" ON ").filter(|_| is_index) {
        Some((index, table)) => format!("{index} ON {}", for_postgres(table, schema)),
        None => for_postgres(statement, schema),
    }
}

/// Brings the tables to this version, and returns the id of the database.
///
/// # Errors
/// What is there is no database of this version, or may not be changed.
pub(super) fn opened(session: &Pg<'_>, schema: Option<&str>, migrates: bool) -> Result<String, StoreError> {
    let name = session.database;
    check_server(session)?;
    if version(session, schema)? != Some(VERSION) {
        if !migrates {
            return Err(StoreError::new(
                StoreErrorKind::NotOurs,
                format!(
                    "{name} has no tables of schema version {VERSION}, and this engine was told to create none; create \
                     them with the statements of `PgOptions::migrations`"
                ),
            ));
        }
        migrate(session, schema)?;
    }
    id(session)
}

/// Returns the id of a database of this version, which is only read.
///
/// # Errors
/// There are no tables, or those of another version.
pub(super) fn looked_at(session: &Pg<'_>, schema: Option<&str>) -> Result<String, StoreError> {
    let name = session.database;
    match version(session, schema)? {
        Some(VERSION) => {}
        Some(older) => {
            return Err(StoreError::new(
                StoreErrorKind::Older,
                format!(
                    "{name} has schema version {older}, and this version of steadfast ({}) reads version {VERSION}; it was \
                     left as it is. Start an engine of this version on it, which converts it, or execute the statements \
                     of `PgOptions::migrations`",
                    env!("CARGO_PKG_VERSION")
                ),
            ));
        }
        None => {
            return Err(StoreError::new(
                StoreErrorKind::Missing,
                format!(
                    "{name} has no tables of steadfast; check the name of the database, and its schema \
                     (`PgOptions::schema`)"
                ),
            ));
        }
    }
    id(session)
}

/// Returns the id of the database.
fn id(session: &Pg<'_>) -> Result<String, StoreError> {
    let name = session.database;
    (Reader { session, database: name }).meta(DATABASE)?.ok_or_else(|| {
        let message = format!("{name}: {META_TABLE} has no row `{DATABASE}`; restore the database from a backup");
        StoreError::new(StoreErrorKind::Damaged, message)
    })
}

/// The oldest version of the server, as `server_version_num` has it.
const OLDEST: i64 = 150_000;

const SERVER: &str = "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'),
    current_setting('server_encoding'), current_setting('synchronous_commit')";

/// Checks that the server keeps what an engine writes.
fn check_server(session: &Pg<'_>) -> Result<(), StoreError> {
    let mut refused = None;
    session.select(SERVER, &[], &mut |row| {
        let text = |column| match row.cell(column) {
            Cell::Text(text) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        };
        let Cell::Int(number) = row.cell(0) else { return ControlFlow::Break(()) };
        refused = unfit(number, &text(1), &text(2));
        if text(3) == "off" {
            tracing::warn!(
                database = session.database,
                "`synchronous_commit` is off for this role: a crash of the server loses commits that were reported as done"
            );
        }
        ControlFlow::Break(())
    })?;
    let Some(why) = refused else { return Ok(()) };
    Err(StoreError::new(StoreErrorKind::NotOurs, format!("{}: {why}", session.database)))
}

/// Returns why a server does not do.
fn unfit(number: i64, version: &str, encoding: &str) -> Option<String> {
    if number < OLDEST {
        return Some(format!("the server is Postgres {version}, and the engine needs 15 or later; upgrade it"));
    }
    // Without an encoding the server keeps every text as it comes.
    let is_fit = ["UTF8", "SQL_ASCII"].contains(&encoding);
    (!is_fit).then(|| {
        format!(
            "the database has the encoding {encoding}, which cannot hold every text; create one with `CREATE DATABASE .. \
             ENCODING 'UTF8' TEMPLATE template0`"
        )
    })
}

/// Returns whether there is a table for the version.
fn exists(session: &Pg<'_>, schema: Option<&str>) -> Result<bool, StoreError> {
    let mut exists = false;
    let table = for_postgres(META_TABLE, schema);
    session.select("SELECT to_regclass(?1) IS NOT NULL", &[Cell::Text(table.as_bytes())], &mut |row| {
        exists = row.cell(0) == Cell::Int(1);
        ControlFlow::Break(())
    })?;
    Ok(exists)
}

/// Returns the version of the tables; `None` if there are none.
fn version(session: &Pg<'_>, schema: Option<&str>) -> Result<Option<usize>, StoreError> {
    if !exists(session, schema)? {
        return Ok(None);
    }
    let name = session.database;
    let found = (Reader { session, database: name }).meta(SCHEMA).map_err(|error| foreign(name, error))?;
    match found.as_deref().map(str::parse) {
        None => Ok(None),
        Some(Ok(version)) if version > VERSION => Err(StoreError::new(
            StoreErrorKind::Newer,
            format!(
                "{name} has schema version {version}, and this version of steadfast ({}) knows up to {VERSION}; it was \
                 left as it is. Run it with the newer version that wrote it",
                env!("CARGO_PKG_VERSION")
            ),
        )),
        Some(Ok(version)) if version > 0 => Ok(Some(version)),
        Some(_) => Err(StoreError::new(
            StoreErrorKind::Damaged,
            format!("{name}: {META_TABLE} has no version under `{SCHEMA}`; restore the database from a backup"),
        )),
    }
}

/// Converts the error of a read of a table that has our name and other columns.
fn foreign(name: &str, error: StoreError) -> StoreError {
    if !matches!(error.kind, StoreErrorKind::Damaged | StoreErrorKind::Refused) {
        return error;
    }
    let message = format!(
        "{name} has a table {META_TABLE} that is not the engine's; it was left as it is. Rename it, or choose another schema \
         with `PgOptions::schema` ({error})"
    );
    StoreError::new(StoreErrorKind::NotOurs, message).caused_by(error)
}

/// Creates or converts the tables in one transaction; several processes may start at once.
fn migrate(session: &Pg<'_>, schema: Option<&str>) -> Result<(), StoreError> {
    // `IF NOT EXISTS` does not wait for another process that creates the same table: that one may be first.
    let created = session.batch(&created_in(CREATE_META, schema));
    if let Err(error) = created
        && !exists(session, schema).unwrap_or(false)
    {
        return Err(error);
    }
    // Excludes the others.
    session.begin_with("steadfast_meta")?;
    let done = steps(session, schema).and_then(|()| session.commit());
    if done.is_err() {
        let _ = session.rollback();
    }
    done
}

fn steps(session: &Pg<'_>, schema: Option<&str>) -> Result<(), StoreError> {
    let from = version(session, schema)?.unwrap_or(0);
    for statement in STEPS[from.min(VERSION)..].iter().flat_map(|step| step.iter()) {
        session.batch(&created_in(statement, schema))?;
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    let mut facts = vec![(SCHEMA, VERSION.to_string())];
    if from == 0 {
        facts.push((DATABASE, id));
    }
    facts.iter().try_for_each(|(key, value)| {
        session.execute(SET_META, &[Cell::Text(key.as_bytes()), Cell::Text(value.as_bytes())]).map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::unfit;

    #[test]
    fn a_server_that_is_too_old_or_has_another_encoding_does_not_do() {
        let old = unfit(140_011, "14.11", "UTF8").expect("too old");
        assert_eq!(old, "the server is Postgres 14.11, and the engine needs 15 or later; upgrade it");
        assert!(unfit(160_000, "16.0", "LATIN1").expect("another encoding").contains("LATIN1"));
        assert_eq!(unfit(150_000, "15.0", "UTF8"), None);
    }
}
