//! The command line.
//!
//! A few options do not need a framework: `lexopt` is one small crate and leaves the messages to us.

use lexopt::prelude::{Long, Short, Value};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Fulfils a file of orders, each as a durable workflow. Stop it at any moment, start it again: it goes on.

Usage: orders [options]

  --file PATH      the orders                       [examples/orders/orders.csv]
  --database PATH  where the workflows are kept     [orders.db]
  --postgres URL   .. or a database of Postgres: postgres://user:password@host/database
  --workers NUMBER with Postgres: so many processes do the work, and this one only starts the orders and waits. Kill
                   any of them; one that dies is started again
  --ledger PATH    what the services outside did    [the database's path and `-ledger.jsonl`]
  --limit NUMBER   only the first orders of the file
  --slow           steps take forty times as long, to have time to stop it
  --console        shows the runs in the browser, at the address that it prints, until it is interrupted
  --help           this text
";

/// The parsed command line. The defaults fit a start from the root of the repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) file: PathBuf,
    pub(crate) database: Database,
    pub(crate) role: Role,
    pub(crate) ledger: PathBuf,
    pub(crate) limit: usize,
    pub(crate) slow: bool,
    pub(crate) console: bool,
}

/// The place of the workflows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    File(PathBuf),
    Postgres(String),
}

/// The part of the work that this process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// All of it.
    Alone,
    /// Starts the orders, and so many workers, and waits.
    Client { workers: usize },
    /// Does the work of the orders that a client starts: the mode of the processes that [`Role::Client`] starts.
    Worker,
}

/// Writes the path of a file. The URL of a server may contain a password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(_) => f.write_str("in Postgres"),
        }
    }
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let mut file = PathBuf::from("examples/orders/orders.csv");
        let (mut path, mut url, mut ledger) = (None, None, None);
        let (mut workers, mut is_worker) = (None, false);
        let mut limit = usize::MAX;
        let (mut slow, mut console) = (false, false);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(explain)? {
            match argument {
                Long("file") => file = parser.value().map_err(explain)?.into(),
                Long("database") => path = Some(PathBuf::from(parser.value().map_err(explain)?)),
                Long("postgres") => url = Some(text(parser.value().map_err(explain)?)?),
                Long("workers") => workers = Some(whole_number("--workers", &parser.value().map_err(explain)?)?),
                Long("ledger") => ledger = Some(parser.value().map_err(explain)?.into()),
                Long("limit") => limit = whole_number("--limit", &parser.value().map_err(explain)?)?,
                Long("slow") => slow = true,
                Long("console") => console = true,
                Long("worker") => is_worker = true,
                Long("help") | Short('h') => return Ok(None),
                Short(_) | Long(_) | Value(_) => return Err(explain(argument.unexpected())),
            }
        }
        let role = match workers {
            _ if is_worker => Role::Worker,
            None => Role::Alone,
            Some(0) => return Err(Error::msg("--workers expects at least 1: without it, this process does the work")),
            Some(workers) => Role::Client { workers },
        };
        if url.is_none() && role != Role::Alone {
            return Err(Error::msg("--workers needs --postgres: a file is for one process"));
        }
        let database = match (url, path) {
            (Some(_), Some(_)) => return Err(Error::msg("--database and --postgres exclude each other: name one")),
            (Some(url), None) => Database::Postgres(url),
            (None, path) => Database::File(path.unwrap_or_else(|| "orders.db".into())),
        };
        let ledger = ledger.unwrap_or_else(|| match &database {
            Database::File(path) => beside(path),
            Database::Postgres(_) => beside(Path::new("orders-postgres.db")),
        });
        Ok(Some(Self { file, database, role, ledger, limit, slow, console }))
    }
}

/// Returns the default path of the ledger: beside the database, with a name that begins like the database's, so that
/// git ignores both.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-ledger.jsonl");
    name.into()
}

fn whole_number(option: &str, value: &OsStr) -> Result<usize> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::msg(format!("{option} expects a whole number, found `{}`", value.display())))
}

fn text(value: OsString) -> Result<String> {
    let explain = |value: OsString| Error::msg(format!("--postgres expects UTF-8, found `{}`", value.display()));
    value.into_string().map_err(explain)
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` asks for")]
fn explain(error: lexopt::Error) -> Error {
    Error::msg(format!("{error}; `orders --help` lists the options"))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Database, Role};

    fn parse(words: &str) -> Result<Option<Arguments>, String> {
        Arguments::parse(words.split_whitespace().map(Into::into)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_ledger_lies_beside_the_database_unless_it_is_told_where() {
        let arguments = parse("--database a/b.db").unwrap().unwrap();
        assert_eq!(arguments.ledger.to_str(), Some("a/b.db-ledger.jsonl"));
        assert_eq!(parse("--ledger=l").unwrap().unwrap().ledger.to_str(), Some("l"));
    }

    #[test]
    fn a_mistake_is_named() {
        for (words, expected) in [
            ("--limit many", "--limit expects a whole number, found `many`"),
            ("--limit", "missing argument for option '--limit'"),
            ("--workers 3", "--workers needs --postgres"),
            ("--workers 0 --postgres x", "--workers expects at least 1"),
            ("--postgres x --database y", "--database and --postgres exclude each other"),
            ("--fast", "invalid option '--fast'"),
            ("orders.csv", "unexpected argument \"orders.csv\""),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.starts_with(expected), "{words}: {error}");
        }
        assert_eq!(parse("--help"), Ok(None));
    }

    #[test]
    fn the_database_is_a_file_unless_a_server_is_named() {
        let alone = parse("").unwrap().unwrap();
        assert_eq!((alone.database, alone.role), (Database::File("orders.db".into()), Role::Alone));
        let fleet = parse("--postgres postgres://app:secret@db/orders --workers 3").unwrap().unwrap();
        assert_eq!(fleet.role, Role::Client { workers: 3 });
        assert_eq!(fleet.database.to_string(), "in Postgres", "without the password");
        assert_eq!(fleet.ledger.to_str(), Some("orders-postgres.db-ledger.jsonl"));
    }
}
