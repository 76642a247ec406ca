//! Opens the database that the command line names.

use crate::act_args::Actor;
use crate::args::Global;
use crate::exit::Failure;
use std::ffi::OsStr;
use std::path::PathBuf;
use steadfast::EngineBuilder;
use steadfast::inspect::{InspectError, Inspector};
use steadfast::operate::Operator;
use steadfast::store::PgOptions;

/// A database by its name.
pub(crate) enum Database {
    /// A file of SQLite.
    File(PathBuf),
    Postgres(Box<PgOptions>),
}

/// Opens a database to look into it.
pub(crate) async fn open(global: &Global) -> Result<Inspector, Failure> {
    match named(global)? {
        Database::Postgres(options) => Ok(Inspector::postgres_with(*options).await?),
        Database::File(path) => Ok(Inspector::sqlite(path).await?),
    }
}

/// Opens a database to act on it, with the keys and field stores of a program if it has a builder.
pub(crate) async fn operator(
    global: &Global,
    actor: &Actor,
    builder: Option<EngineBuilder>,
) -> Result<Operator, Failure> {
    let who = actor.who.clone().unwrap_or_else(user);
    let Some(builder) = builder else {
        return match named(global)? {
            Database::Postgres(options) => Ok(Operator::postgres(*options, who).await?),
            Database::File(path) => Ok(Operator::sqlite(path, who).await?),
        };
    };
    // An engine would create or convert what is not there as this version has it.
    drop(open(global).await?);
    Ok(Operator::with(on(builder, named(global)?), who).await?)
}

/// Has a builder use the named database, if it exists.
pub(crate) async fn existing(global: &Global, builder: EngineBuilder) -> Result<EngineBuilder, Failure> {
    let database = named(global)?;
    if let Database::File(path) = &database
        && !path.exists()
    {
        // The sentence of all commands.
        drop(open(global).await?);
    }
    Ok(on(builder, database))
}

/// Has a builder use a database, which it neither creates nor converts on Postgres.
pub(crate) fn on(builder: EngineBuilder, database: Database) -> EngineBuilder {
    match database {
        Database::Postgres(options) => builder.postgres(options.without_migrations().poll_only()),
        Database::File(path) => builder.sqlite(path),
    }
}

/// Returns the name of the user and that of the machine.
fn user() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME")).or_else(|| variable("USERNAME"));
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = kernel().or_else(|| variable("HOSTNAME")).or_else(|| variable("COMPUTERNAME"));
    let named = |name: Option<String>| {
        name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
    };
    format!("{}@{}", named(user), named(host))
}

/// Returns the file of SQLite of a path, or the database of Postgres of a URL.
pub(crate) fn named(global: &Global) -> Result<Database, Failure> {
    let Some(name) = global.db.as_deref().filter(|name| !name.is_empty()) else {
        let how = "no database is named; pass `--db PATH` for a file of SQLite, `--db postgres://..` for Postgres, or \
                   set the variable `STEADFAST_DB`";
        return Err(Failure::Usage(how.to_owned()));
    };
    let schema = global.schema.as_deref();
    match name.to_str().and_then(|text| text.split_once("://")) {
        Some(("postgres" | "postgresql", _)) => {
            let options = PgOptions::new(&name.to_string_lossy()).map_err(InspectError::from)?;
            Ok(Database::Postgres(Box::new(match schema {
                Some(schema) => options.schema(schema),
                None => options,
            })))
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
        _ => Ok(Database::File(PathBuf::from(name))),
    }
}

/// Returns whether a name that is no URL we know looks like one, or like the words of libpq: no message repeats it.
fn may_hold_a_password(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_url = name.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    is_url
        || ["password=", "host=", "user="].iter().any(|word| name.split_whitespace().any(|part| part.starts_with(word)))
}
