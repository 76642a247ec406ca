//! The meaning of errors of the server, and of the way to it.

use super::link::LinkError;
use crate::store::{StoreError, StoreErrorKind};
use tokio_postgres::error::{DbError, SqlState};

/// What was being done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// A connection was made.
    Connecting,
    /// A statement was executed.
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
            None => unsaid(database, &error, place).caused_by(error),
        },
        // Whatever the code: the connection has ended, and the database is as it was.
        LinkError::Ended(error) => lost(database, &in_full(&error), place).caused_by(error),
        LinkError::Unsent(error) => {
            let said = error.as_ref().map_or_else(|| "connection closed".to_owned(), |error| in_full(error));
            lost(database, &said, place)
        }
        #[cfg(feature = "postgres-tls")]
        LinkError::Tls(why) => {
            StoreError::new(StoreErrorKind::ReadOnly, format!("{database}: the connection cannot be encrypted: {why}"))
        }
        LinkError::System(error) => {
            let message = format!("{database}: the system has no resources for a connection ({error})");
            StoreError::new(StoreErrorKind::Io, message).caused_by(error)
        }
        LinkError::Silence(patience) => lost(database, &format!("no answer within {patience:?}"), place),
    }
}

/// Converts an error of the client, or of the way to the server.
fn unsaid(database: &str, error: &tokio_postgres::Error, place: Place) -> StoreError {
    // On a connection that was made, such an error may be damage by the network, which a new connection repairs.
    #[cfg(feature = "postgres-tls")]
    if let (Place::Connecting, Some(what)) = (place, super::tls::advice(error)) {
        return StoreError::new(StoreErrorKind::ReadOnly, format!("{database}: {what} ({})", in_full(error)));
    }
    let (kind, what) = match error.to_string().as_str() {
        // The client's errors have no public kind.
        "invalid configuration" | "authentication error" => (
            StoreErrorKind::ReadOnly,
            "the connection string does not do for this server; check user, password and options in it",
        ),
        "error encoding message to server" => {
            (StoreErrorKind::TooLarge, "a value is larger than Postgres stores (1 GB)")
        }
        _ => return lost(database, &in_full(error), place),
    };
    StoreError::new(kind, format!("{database}: {what} ({})", in_full(error)))
}

/// Returns the text of an error with those of its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<_> = causes.map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
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
    } else if is(&[&SqlState::INSUFFICIENT_PRIVILEGE]) && matches!(place, Place::Connecting) {
        (K::ReadOnly, "the role may not connect to this database: GRANT CONNECT ON DATABASE, or name another role")
    } else if is(&[&SqlState::INSUFFICIENT_PRIVILEGE]) {
        (
            K::ReadOnly,
            "the role lacks a right: GRANT SELECT, INSERT, UPDATE, DELETE ON the tables `steadfast_*`, USAGE ON their sequences and ON the schema, and for the first start CREATE ON the schema",
        )
    } else if is(&[&SqlState::INVALID_PASSWORD, &SqlState::INVALID_AUTHORIZATION_SPECIFICATION]) {
        (K::ReadOnly, "the server does not let this role in; check user and password, and `pg_hba.conf`")
    } else if is(&[&SqlState::INVALID_CATALOG_NAME]) {
        (K::NotOurs, "there is no such database; create it (`createdb`), or name another one")
    } else if is(&[&SqlState::TOO_MANY_CONNECTIONS]) {
        (K::Busy, "the server has no connection left; raise `max_connections`, or put PgBouncer before it")
    } else if is(&[&SqlState::INVALID_SCHEMA_NAME]) {
        (
            K::NotOurs,
            "there is no such schema; create it (`CREATE SCHEMA`), or name another one with `PgOptions::schema` or `search_path`",
        )
    } else if is(&[&SqlState::UNDEFINED_TABLE, &SqlState::UNDEFINED_COLUMN]) {
        (
            K::Damaged,
            "a table of the engine is missing or another one; if a newer version of steadfast has converted the \
             database, run that version, otherwise restore the database from a backup",
        )
    } else if matches!(place, Place::Connecting) {
        (K::Io, "the server accepts no connection now, or not with these options")
    } else if is(&[&SqlState::PROGRAM_LIMIT_EXCEEDED]) {
        (K::TooLarge, "a value is larger than Postgres stores (1 GB)")
    } else if code.code().starts_with("22") || code.code().starts_with("23") {
        (K::Refused, "the rows that are there do not allow this write")
    } else if code.code().starts_with("40") {
        (K::Busy, "the server has undone the transaction; let the engine try again")
    } else if ["57", "08", "53", "58", "XX"].iter().any(|class| code.code().starts_with(class)) {
        (K::Io, "the server has ended the connection or is in need itself; look at its log")
    } else {
        (K::Refused, "Postgres does not do this")
    }
}
