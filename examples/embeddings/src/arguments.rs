//! The command line.

use lexopt::prelude::{Long, Short, Value};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Indexes a folder with a sub-folder of texts for each tenant, and finds the texts that are nearest to a query.

Usage: embeddings COMMAND [options]

  worker           embeds texts until Ctrl-C; start several, and `kill -9` them at any moment
    --pause-ms N   the least duration of an embedding                      [100]
  index [FOLDER]   indexes a folder, and waits for the end                 [examples/embeddings/texts]
  nightly CRON [FOLDER]  indexes a folder at the times of a cron text, such as '0 3 * * *'
  limit total N    lets the workers together embed N texts at once; also while they work
  limit tenant N   .. and N texts of each tenant
  limit reset      returns to the limits that the code declares
  search TEXT      prints the nearest texts of each tenant

  --database PATH  where the workflows are kept                            [embeddings.db]
  --postgres URL   .. or a database of Postgres: postgres://user:password@host/database
  --help           this text
";

/// The folder of a command that names none.
const TEXTS: &str = "examples/embeddings/texts";

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Worker { pause: Duration },
    Index { folder: PathBuf },
    Nightly { times: String, folder: PathBuf },
    Limit(Limit),
    Search { text: String },
}

/// A change of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Total(u32),
    Tenant(u32),
    Reset,
}

/// The place of the workflows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    File(PathBuf),
    Postgres(String),
}

/// The parsed command line. The defaults fit a start from the root of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) database: Database,
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let (mut words, mut pause) = (Vec::new(), 100);
        let (mut path, mut url) = (None, None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(explain)? {
            match argument {
                Value(word) => words.push(text(word)?),
                Long("pause-ms") => pause = number("--pause-ms", &text(parser.value().map_err(explain)?)?)?,
                Long("database") => path = Some(PathBuf::from(parser.value().map_err(explain)?)),
                Long("postgres") => url = Some(text(parser.value().map_err(explain)?)?),
                Long("help") | Short('h') => return Ok(None),
                Short(_) | Long(_) => return Err(explain(argument.unexpected())),
            }
        }
        let database = match (url, path) {
            (Some(_), Some(_)) => return Err(Error::msg("--database and --postgres exclude each other: name one")),
            (Some(url), None) => Database::Postgres(url),
            (None, path) => Database::File(path.unwrap_or_else(|| "embeddings.db".into())),
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let command = match words[..] {
            ["worker"] => Command::Worker { pause: Duration::from_millis(pause.into()) },
            ["index"] => Command::Index { folder: TEXTS.into() },
            ["nightly", times] => Command::Nightly { times: times.to_owned(), folder: TEXTS.into() },
            ["nightly", times, folder] => Command::Nightly { times: times.to_owned(), folder: folder.into() },
            ["index", folder] => Command::Index { folder: folder.into() },
            ["limit", "total", texts] => Command::Limit(Limit::Total(number("limit total", texts)?)),
            ["limit", "tenant", texts] => Command::Limit(Limit::Tenant(number("limit tenant", texts)?)),
            ["limit", "reset"] => Command::Limit(Limit::Reset),
            ["search", text] => Command::Search { text: text.to_owned() },
            _ => return Err(mistake(&format!("expected a command, found `{}`", words.join(" ")))),
        };
        Ok(Some(Self { command, database }))
    }
}

fn text(value: OsString) -> Result<String> {
    value.into_string().map_err(|value| Error::msg(format!("{} is not UTF-8", value.display())))
}

fn number(what: &str, value: &str) -> Result<u32> {
    value.parse().map_err(|_| Error::msg(format!("{what} expects a whole number, found `{value}`")))
}

#[allow(clippy::needless_pass_by_value, reason = "the form that `map_err` asks for")]
fn explain(error: lexopt::Error) -> Error {
    mistake(&error.to_string())
}

fn mistake(what: &str) -> Error {
    Error::msg(format!("{what}; `embeddings --help` lists the commands and options"))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Command, Database, Limit};

    fn parse(words: &[&str]) -> Result<Option<Arguments>, String> {
        Arguments::parse(words.iter().map(Into::into)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_command_is_read_with_its_options() {
        let arguments = parse(&["limit", "tenant", "2", "--database", "my.db"]).unwrap().unwrap();
        assert_eq!(arguments.command, Command::Limit(Limit::Tenant(2)));
        assert_eq!(arguments.database, Database::File("my.db".into()));
        assert_eq!(parse(&["index", "--help"]), Ok(None));
    }

    #[test]
    fn a_mistake_is_named() {
        for (words, expected) in [
            (&["limit", "total", "few"][..], "limit total expects a whole number, found `few`"),
            (&["limit", "2"], "expected a command, found `limit 2`; `embeddings --help`"),
            (&["worker", "--fast"], "invalid option '--fast'; `embeddings --help`"),
            (&["worker", "--database", "a", "--postgres", "b"], "--database and --postgres exclude each other"),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.starts_with(expected), "{words:?}: {error}");
        }
    }
}
