//! The command line.

use lexopt::prelude::{Long, Short, Value};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Indexes the texts of a folder (.txt and .md). Kill it at any moment, start it again: it goes on.

Usage: documents [check | history] [FOLDER] [options]

  check            says whether this build can go on with what is in the database, and changes nothing
  history          prints how the context came to be what it is
  FOLDER           the texts                        [examples/documents/texts]
  --database PATH  where the workflow is kept; its catalogue and blobs lie beside it   [documents.db]
  --pause-ms N     how long each step waits first, to have time to kill it             [100]
  --ask WORD       a word to look up at the end; may be repeated                       [water, stone, ship]
  --help           this text
";

/// A subcommand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Index,
    Check,
    History,
}

/// The parsed command line. The defaults fit a start from the root of the repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) folder: PathBuf,
    pub(crate) database: PathBuf,
    pub(crate) pause: Duration,
    pub(crate) words: Vec<String>,
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let mut task = Task::Index;
        let mut folder = None;
        let mut database = PathBuf::from("documents.db");
        let mut pause = Duration::from_millis(100);
        let mut words = Vec::new();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(explain)? {
            match argument {
                Value(word) if task == Task::Index && folder.is_none() && word == "check" => task = Task::Check,
                Value(word) if task == Task::Index && folder.is_none() && word == "history" => task = Task::History,
                Value(path) if folder.is_none() => folder = Some(path.into()),
                Long("database") => database = parser.value().map_err(explain)?.into(),
                Long("pause-ms") => pause = Duration::from_millis(whole_number(&parser.value().map_err(explain)?)?),
                Long("ask") => words.push(parser.value().map_err(explain)?.to_string_lossy().to_lowercase()),
                Long("help") | Short('h') => return Ok(None),
                Short(_) | Long(_) | Value(_) => return Err(explain(argument.unexpected())),
            }
        }
        if words.is_empty() {
            words = ["water", "stone", "ship"].map(str::to_owned).to_vec();
        }
        let folder = folder.unwrap_or_else(|| "examples/documents/texts".into());
        Ok(Some(Self { task, folder, database, pause, words }))
    }
}

fn whole_number(value: &OsStr) -> Result<u64> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::msg(format!("--pause-ms expects a whole number, found `{}`", value.display())))
}

#[allow(clippy::needless_pass_by_value, reason = "the form that `map_err` asks for")]
fn explain(error: lexopt::Error) -> Error {
    Error::msg(format!("{error}; `documents --help` lists the options"))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Task};

    fn parse(words: &str) -> Result<Option<Arguments>, String> {
        Arguments::parse(words.split_whitespace().map(Into::into)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_task_comes_before_the_folder() {
        let arguments = parse("history papers --ask Tea").unwrap().unwrap();
        assert_eq!((arguments.task, arguments.folder.to_str()), (Task::History, Some("papers")));
        assert_eq!(arguments.words, ["tea"]);
        assert_eq!(parse("./check").unwrap().unwrap().folder.to_str(), Some("./check"));
    }

    #[test]
    fn a_mistake_is_named() {
        for (words, expected) in [
            ("--pause-ms long", "--pause-ms expects a whole number, found `long`"),
            ("--fast", "invalid option '--fast'"),
            ("one two", "unexpected argument \"two\""),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.starts_with(expected), "{words}: {error}");
        }
        assert_eq!(parse("--help"), Ok(None));
    }
}
