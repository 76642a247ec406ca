//! The meaning of SQLite's errors.

use crate::store::{StoreError, StoreErrorKind, is_out_of_files};
use rusqlite::{Error, ErrorCode};

/// Converts an error of SQLite; `database` is the file's name in the message.
pub(super) fn fault(database: &str, error: Error) -> StoreError {
    let code = error.sqlite_error_code();
    let (kind, sentence) = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => (
            StoreErrorKind::Busy,
            "another process or connection holds the file locked; end it, or wait until it lets go",
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory) if has_no_files_left() => (
            StoreErrorKind::Io,
            "this process has as many files open as it may (`ulimit -n`); close some, or let it have more",
        ),
        Some(ErrorCode::DiskFull) => {
            (StoreErrorKind::Full, "the disk is full, or the file has reached the size it may grow to; free some space")
        }
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied,
        ) => (
            StoreErrorKind::ReadOnly,
            "the file or its folder cannot be written; allow this user to write both, or choose another folder",
        ),
        Some(ErrorCode::Unknown) if !says_damaged(&error) => (StoreErrorKind::Refused, "SQLite does not do this"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
            (StoreErrorKind::Damaged, "the file is damaged; restore it from a copy")
        }
        Some(ErrorCode::TooBig) => (StoreErrorKind::TooLarge, "a value is larger than SQLite stores (1 GB)"),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => {
            (StoreErrorKind::Refused, "the rows that are there do not allow this write")
        }
        Some(ErrorCode::SystemIoFailure) => {
            (StoreErrorKind::Io, "the disk failed to read or write; look at the disk and the system's log")
        }
        _ => (StoreErrorKind::Io, "SQLite could not do this"),
    };
    StoreError::new(kind, format!("{database}: {sentence} (SQLite: {error})")).caused_by(error)
}

/// Returns whether this process can open no more files, which SQLite does not report.
fn has_no_files_left() -> bool {
    // SQLite has closed again the files that it could not open, so a few handles may be free by now.
    let opened: Result<Vec<_>, _> = (0..4).map(|_| std::fs::File::open(std::env::temp_dir())).collect();
    opened.is_err_and(|error| is_out_of_files(&error))
}

/// Returns whether a generic error of SQLite is about tables of the engine that are missing or unreadable.
fn says_damaged(error: &Error) -> bool {
    let text = error.to_string();
    ["no such table", "no such column", "has no column", "malformed"].iter().any(|sign| text.contains(sign))
}
