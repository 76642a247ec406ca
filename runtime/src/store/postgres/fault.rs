//! The meaning of errors of the server, and of the way to it.

use super::link::LinkError;
use crate::store::{StoreError, StoreErrorKind};
use tokio_postgres::error::{DbError, SqlState};

/// What was being done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// A connection was made.
    Connecting,
    /// A statement of this text was executed.
    Statement,
}

/// Converts an error; `database` is the name in the message.
pub(super) fn fault(database: &str, error: LinkError, place: Place) -> StoreError {
    match error {
        LinkError::Postgres(error) => match error.as_db_error() {
            Some(said) => {
                let (kind, what) = meaning(said, place);
                let detail = said.detail().map_or_else(String::new, |detail| format!("; {detail}"));
                let code = said.code().code();
                let message = format!("{database}: {what} (Postgres: {}{detail}, {code})", said.message());
                StoreError::new(kind, message).caused_by(error)
            }
            None => lost(database, &error.to_string(), place).caused_by(error),
        },
        LinkError::System(error) => {
            let message = format!("{database}: the system has no resources for a connection ({error})");
            StoreError::new(StoreErrorKind::Io, message).caused_by(error)
        }
        LinkError::Silence(patience) => lost(database, &format!("no answer within {patience:?}"), place),
    }
}

fn lost(database: &str, why: &str, place: Place) -> StoreError {
    let what = match place {
        Place::Connecting => {
            "the server cannot be reached; check its address, and that it runs and accepts connections from here"
        }
        Place::Statement => "the connection was lost; the engine connects again",
    };
    StoreError::new(StoreErrorKind::Io, format!("{database}: {what} ({why})"))
}

fn meaning(said: &DbError, place: Place) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind as K;
    let code = said.code();
    let is = |codes: &[&SqlState]| codes.contains(&code);
    if is(&[&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED, &SqlState::LOCK_NOT_AVAILABLE]) {
        (
            K::Busy,
            "another transaction is in the way, and was longer than this one waits; end it, or let the engine try again",
        )
    } else if is(&[&SqlState::QUERY_CANCELED]) {
        (
            K::Busy,
            "the server has stopped the statement, by `statement_timeout` or by hand; raise that setting for the role",
        )
    } else if is(&[&SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT]) {
        (K::Io, "the server has ended a transaction that stood still; was this process stopped for a while?")
    } else if is(&[&SqlState::DISK_FULL]) {
        (K::Full, "the server's disk is full; free some space there")
    } else if is(&[&SqlState::READ_ONLY_SQL_TRANSACTION]) {
        (
            K::ReadOnly,
            "this server only reads: it is a standby, or `default_transaction_read_only` is set; name the primary (`target_session_attrs=read-write`)",
        )
    } else if is(&[&SqlState::INSUFFICIENT_PRIVILEGE]) {
        (
            K::ReadOnly,
            "the role lacks a right: GRANT SELECT, INSERT, UPDATE, DELETE ON the tables `steadfast_*`, USAGE ON their sequences, and for the first start CREATE ON the schema",
        )
    } else if is(&[&SqlState::INVALID_PASSWORD, &SqlState::INVALID_AUTHORIZATION_SPECIFICATION]) {
        (K::ReadOnly, "the server does not let this role in; check user and password, and `pg_hba.conf`")
    } else if is(&[&SqlState::INVALID_CATALOG_NAME]) {
        (K::NotOurs, "there is no such database; create it (`createdb`), or name another one")
    } else if is(&[&SqlState::TOO_MANY_CONNECTIONS]) {
        (K::Busy, "the server has no connection left; raise `max_connections`, or put PgBouncer before it")
    } else if is(&[&SqlState::UNDEFINED_TABLE, &SqlState::UNDEFINED_COLUMN, &SqlState::INVALID_SCHEMA_NAME]) {
        (
            K::Damaged,
            "a table of the engine is missing or another one; restore the database from a backup, or let the engine create its tables",
        )
    } else if is(&[&SqlState::PROGRAM_LIMIT_EXCEEDED, &SqlState::OUT_OF_MEMORY]) {
        (K::TooLarge, "a value is larger than Postgres stores (1 GB)")
    } else if code.code().starts_with("22") || code.code().starts_with("23") {
        (K::Refused, "the rows that are there do not allow this write")
    } else if matches!(place, Place::Connecting) {
        (K::Io, "the server accepts no connection now")
    } else if ["57", "08", "53", "58"].iter().any(|class| code.code().starts_with(class)) {
        (K::Io, "the server has ended the connection or is in need itself; look at its log")
    } else {
        (K::Refused, "Postgres does not do this")
    }
}
