//! Errors of statements.

use super::value::{Found, SqlValue};
use std::error::Error;
use std::fmt::{self, Display};
use std::sync::Arc;

/// A statement of a transaction failed: names it, and the reason.
#[derive(Clone, Debug)]
pub struct SqlError {
    kind: SqlErrorKind,
    message: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kind of an [`SqlError`], by which a program or the engine acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(not(feature = "conformance"), allow(dead_code, unreachable_pub, reason = "stores of other crates have all"))]
pub enum SqlErrorKind {
    /// A constraint of the user's tables was violated.
    Constraint,
    /// A query for one row found none.
    NoRow,
    /// The engine does not allow the statement, or it came too late.
    Refused,
    /// The database gave the transaction up because of another one (a serialization failure, a deadlock).
    Serialization,
    /// Anything else.
    Other,
}

impl SqlError {
    /// Creates an error with this text, for a [`ToSql`](super::types::ToSql) or [`FromSql`](super::types::FromSql) of
    /// your own. The statement and the parameter or column are named before it.
    pub fn msg(why: impl Display) -> Self {
        Self::of_kind(SqlErrorKind::Other, why.to_string())
    }

    /// Creates an error for an implementation of `Statements`, which says why; the statement is named before it.
    #[cfg(feature = "conformance")]
    #[must_use]
    pub fn new(kind: SqlErrorKind, why: impl Into<String>) -> Self {
        Self::of_kind(kind, why)
    }

    pub(crate) fn of_kind(kind: SqlErrorKind, why: impl Into<String>) -> Self {
        Self { kind, message: why.into(), source: None }
    }

    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::of_kind(SqlErrorKind::Refused, why)
    }

    /// Creates the error of a statement that the time limit interrupted.
    pub(crate) fn late() -> Self {
        Self::refused("the time limit of the transaction is reached")
    }

    /// Creates the error of a value that is not what was asked for.
    pub(super) fn expected(what: &str, found: &SqlValue<'_>) -> Self {
        let help = if matches!(found, SqlValue::Null) { ": read it as an `Option` if it may be" } else { "" };
        Self::msg(format_args!("expected {what}, found {}{help}", Found(found)))
    }

    /// Adds the error behind it, as its [`source`](Error::source).
    #[must_use]
    pub fn caused_by(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// Says first what the error is about.
    pub(super) fn about(self, what: impl Display) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Names the statement.
    pub(super) fn of_statement(self, statement: &str) -> Self {
        self.about(format_args!("`{}`", shortened(statement)))
    }

    /// Returns whether a constraint of your tables (`CHECK`, `UNIQUE`, `NOT NULL`, a foreign key) was violated.
    #[must_use]
    pub fn is_constraint(&self) -> bool {
        self.kind == SqlErrorKind::Constraint
    }

    /// Returns whether a query for one row found none.
    #[must_use]
    pub fn is_no_row(&self) -> bool {
        self.kind == SqlErrorKind::NoRow
    }
}

impl Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for SqlError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Shortens a statement to one line, for people to recognize.
fn shortened(statement: &str) -> String {
    const LONGEST: usize = 80;
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST { line } else { line.chars().take(LONGEST).chain(['…']).collect() }
}
