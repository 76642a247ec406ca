//! Errors of statements.

use rusqlite::ErrorCode;
use std::fmt;
use std::sync::Arc;

/// A statement of a transaction failed: names it, and the reason.
#[derive(Clone, Debug)]
pub struct SqlError {
    message: String,
    cause: Option<Arc<rusqlite::Error>>,
}

impl SqlError {
    pub(super) fn refused(statement: &str, why: &str) -> Self {
        Self { message: format!("`{}`: {why}", shortened(statement)), cause: None }
    }

    pub(super) fn failed(statement: &str, cause: rusqlite::Error) -> Self {
        let why = match &cause {
            rusqlite::Error::MultipleStatement => {
                "there is more than one statement in this text: execute each by itself".to_owned()
            }
            rusqlite::Error::ExecuteReturnedResults => {
                "it gives rows: ask with `query`, `query_row` or `query_optional`".to_owned()
            }
            rusqlite::Error::QueryReturnedNoRows => {
                "it found no row: ask with `query_optional` if there may be none".to_owned()
            }
            cause => cause.to_string(),
        };
        Self { cause: Some(Arc::new(cause)), ..Self::refused(statement, &why) }
    }

    /// Returns whether a constraint of your tables (`CHECK`, `UNIQUE`, `NOT NULL`, a foreign key) was violated.
    #[must_use]
    pub fn is_constraint(&self) -> bool {
        self.cause().is_some_and(|cause| cause.sqlite_error_code() == Some(ErrorCode::ConstraintViolation))
    }

    /// Returns whether a query for one row found none.
    #[must_use]
    pub fn is_no_row(&self) -> bool {
        matches!(self.cause(), Some(rusqlite::Error::QueryReturnedNoRows))
    }

    fn cause(&self) -> Option<&rusqlite::Error> {
        self.cause.as_deref()
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SqlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause().map(|cause| cause as _)
    }
}

/// Shortens a statement to one line, for people to recognize.
fn shortened(statement: &str) -> String {
    const LONGEST: usize = 80;
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST { line } else { line.chars().take(LONGEST).chain(['…']).collect() }
}
