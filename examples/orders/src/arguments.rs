//! The command line.
//!
//! Five options do not need a framework: `lexopt` is one small crate and leaves the messages to us.

use lexopt::prelude::{Long, Short, Value};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Fulfils a file of orders, each as a durable workflow. Stop it at any moment, start it again: it goes on.

Usage: orders [options]

  --file PATH      the orders                       [examples/orders/orders.csv]
  --database PATH  where the workflows are kept     [orders.db]
  --ledger PATH    what the services outside did    [the database's path and `-ledger.jsonl`]
  --limit NUMBER   only the first orders of the file
  --slow           steps take forty times as long, to have time to stop it
  --help           this text
";

/// The parsed command line. The defaults fit a start from the root of the repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) file: PathBuf,
    pub(crate) database: PathBuf,
    pub(crate) ledger: PathBuf,
    pub(crate) limit: usize,
    pub(crate) slow: bool,
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let mut file = PathBuf::from("examples/orders/orders.csv");
        let mut database = PathBuf::from("orders.db");
        let mut ledger = None;
        let mut limit = usize::MAX;
        let mut slow = false;
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(explain)? {
            match argument {
                Long("file") => file = parser.value().map_err(explain)?.into(),
                Long("database") => database = parser.value().map_err(explain)?.into(),
                Long("ledger") => ledger = Some(parser.value().map_err(explain)?.into()),
                Long("limit") => limit = whole_number(&parser.value().map_err(explain)?)?,
                Long("slow") => slow = true,
                Long("help") | Short('h') => return Ok(None),
                Short(_) | Long(_) | Value(_) => return Err(explain(argument.unexpected())),
            }
        }
        let ledger = ledger.unwrap_or_else(|| beside(&database));
        Ok(Some(Self { file, database, ledger, limit, slow }))
    }
}

/// Returns the default path of the ledger: beside the database, with a name that begins like the database's, so that
/// git ignores both.
fn beside(database: &std::path::Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-ledger.jsonl");
    name.into()
}

fn whole_number(value: &OsStr) -> Result<usize> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::msg(format!("--limit expects a whole number, found `{}`", value.display())))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` asks for")]
fn explain(error: lexopt::Error) -> Error {
    Error::msg(format!("{error}; `orders --help` lists the options"))
}

#[cfg(test)]
mod tests {
    use super::Arguments;

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
            ("--fast", "invalid option '--fast'"),
            ("orders.csv", "unexpected argument \"orders.csv\""),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.starts_with(expected), "{words}: {error}");
        }
        assert_eq!(parse("--help"), Ok(None));
    }
}
