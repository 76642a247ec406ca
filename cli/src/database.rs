//! Opens the database that the command line names.

use crate::exit::Failure;
use std::ffi::OsStr;
use steadfast::inspect::Inspector;

/// Opens a file of SQLite by its path, or a database of Postgres by its URL.
pub(crate) async fn open(name: Option<&OsStr>) -> Result<Inspector, Failure> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let how = "no database is named; pass `--db PATH` for a file of SQLite, `--db postgres://..` for Postgres, or \
                   set the variable `STEADFAST_DB`";
        return Err(Failure::Usage(how.to_owned()));
    };
    match name.to_str().and_then(|text| text.split_once("://")) {
        Some(("postgres" | "postgresql", _)) => Ok(Inspector::postgres(&name.to_string_lossy()).await?),
        // The rest of a URL may hold a password.
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Err(Failure::Usage(format!(
            "`{scheme}://` is no database of Steadfast; pass the path of a file of SQLite, or `postgres://..`"
        ))),
        _ => Ok(Inspector::sqlite(name).await?),
    }
}
