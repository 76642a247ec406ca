//! Opens the database that the command line names.

use crate::exit::Failure;
use std::ffi::OsStr;
use steadfast::inspect::{InspectError, Inspector};
use steadfast::store::PgOptions;

/// Opens a file of SQLite by its path, or a database of Postgres by its URL.
pub(crate) async fn open(name: Option<&OsStr>, schema: Option<&str>) -> Result<Inspector, Failure> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let how = "no database is named; pass `--db PATH` for a file of SQLite, `--db postgres://..` for Postgres, or \
                   set the variable `STEADFAST_DB`";
        return Err(Failure::Usage(how.to_owned()));
    };
    match name.to_str().and_then(|text| text.split_once("://")) {
        Some(("postgres" | "postgresql", _)) => {
            let options = PgOptions::new(&name.to_string_lossy()).map_err(InspectError::from)?;
            let options = match schema {
                Some(schema) => options.schema(schema),
                None => options,
            };
            Ok(Inspector::postgres_with(options).await?)
        }
        // The rest of a URL may hold a password.
        Some((other, _)) if other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Err(Failure::Usage(format!(
            "`{other}://` is no database of Steadfast; pass the path of a file of SQLite, or `postgres://..`"
        ))),
        _ if may_hold_a_password(name) => Err(Failure::Usage(
            "the database is named neither by a path nor by a URL of Postgres; pass the path of a file of SQLite, or \
             `postgres://user:password@host/database`"
                .to_owned(),
        )),
        _ if schema.is_some() => {
            Err(Failure::Usage("a file of SQLite has no schemas; leave out `--schema`".to_owned()))
        }
        _ => Ok(Inspector::sqlite(name).await?),
    }
}

/// Returns whether a name that is no URL we know looks like one, or like the words of libpq: no message repeats it.
fn may_hold_a_password(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_url = name.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    is_url
        || ["password=", "host=", "user="].iter().any(|word| name.split_whitespace().any(|part| part.starts_with(word)))
}
