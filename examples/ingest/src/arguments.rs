//! The command line.

use ingest::Verdict;
use lexopt::prelude::{Long, Short, Value};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Counts the words of the texts of a folder (.txt and .md), and asks about doubtful ones. Kill it at any moment, start it
again: it goes on.

Usage: ingest [FOLDER] [options]
       ingest diagram [--dot]

  diagram          prints the steps and the way from one to the next as Mermaid, or with --dot for Graphviz
  FOLDER           the texts                                                      [examples/ingest/texts]
  --yes            counts doubtful files, and asks nobody
  --drop           leaves doubtful files out, and asks nobody; so it does when nobody is there to be asked
  --database PATH  where the workflow is kept; remove it to count a folder anew   [ingest.db]
  --pause-ms N     how long a step waits first, to have time to kill it           [100]
  --help           this text
";

/// The parsed command line. The defaults fit a start from the root of the repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) database: PathBuf,
    pub(crate) pause: Duration,
}

/// A subcommand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Ingest {
        folder: PathBuf,
        /// The verdict on all doubtful files, if no person is to be asked.
        verdict: Option<Verdict>,
    },
    Diagram {
        graphviz: bool,
    },
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let (mut diagram, mut graphviz, mut folder, mut verdict) = (false, false, None, None);
        let mut database = PathBuf::from("ingest.db");
        let mut pause = Duration::from_millis(100);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(explain)? {
            match argument {
                Value(word) if !diagram && folder.is_none() && word == "diagram" => diagram = true,
                Value(path) if !diagram && folder.is_none() => folder = Some(path.into()),
                Long("dot") if diagram => graphviz = true,
                Long("yes") => verdict = Some(Verdict::Count),
                Long("drop") => verdict = Some(Verdict::Drop),
                Long("database") => database = parser.value().map_err(explain)?.into(),
                Long("pause-ms") => pause = Duration::from_millis(whole_number(&parser.value().map_err(explain)?)?),
                Long("help") | Short('h') => return Ok(None),
                Short(_) | Long(_) | Value(_) => return Err(explain(argument.unexpected())),
            }
        }
        let folder = folder.unwrap_or_else(|| "examples/ingest/texts".into());
        let task = if diagram { Task::Diagram { graphviz } } else { Task::Ingest { folder, verdict } };
        Ok(Some(Self { task, database, pause }))
    }
}

fn whole_number(value: &OsStr) -> Result<u64> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::msg(format!("--pause-ms expects a whole number, found `{}`", value.display())))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` asks for")]
fn explain(error: lexopt::Error) -> Error {
    Error::msg(format!("{error}; `ingest --help` lists the options"))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Task};
    use ingest::Verdict;

    fn parse(words: &str) -> Result<Option<Task>, String> {
        let arguments =
            Arguments::parse(words.split_whitespace().map(Into::into)).map_err(|error| error.to_string())?;
        Ok(arguments.map(|arguments| arguments.task))
    }

    #[test]
    fn a_folder_or_the_diagram() {
        let ingest = |folder: &str, verdict| Ok(Some(Task::Ingest { folder: folder.into(), verdict }));
        assert_eq!(parse("papers --yes"), ingest("papers", Some(Verdict::Count)));
        assert_eq!(parse("./diagram"), ingest("./diagram", None));
        assert_eq!(parse("diagram --dot"), Ok(Some(Task::Diagram { graphviz: true })));
        assert_eq!(parse("--help"), Ok(None));
    }

    #[test]
    fn a_mistake_is_named() {
        for (words, expected) in [
            ("--pause-ms long", "--pause-ms expects a whole number, found `long`"),
            ("--dot", "invalid option '--dot'"),
            ("one two", "unexpected argument \"two\""),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.starts_with(expected), "{words}: {error}");
        }
    }
}
