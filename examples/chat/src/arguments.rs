//! The command line.

use lexopt::prelude::{Long, Short, Value};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Talks, turn by turn. Kill it at any moment, start it again: it knows what was said.

Usage: chat [options]              a turn for each line that is typed
       chat say TEXT [options]     one turn
       chat history [options]      what was said, and what is remembered

  --with NAME      another conversation                                        [default]
  --database PATH  where all conversations are kept                            [chat.db]
  --pause-ms N     how long the model thinks, to have time to kill it          [100]
  --help           this text

Nobody is behind it but a stub: it adds numbers, remembers your name, and counts.
";

/// A subcommand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Talk,
    Say(String),
    History,
}

/// The parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) conversation: String,
    pub(crate) database: PathBuf,
    pub(crate) pause: Duration,
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let mut words = Vec::new();
        let mut conversation = "default".to_owned();
        let mut database = PathBuf::from("chat.db");
        let mut pause = Duration::from_millis(100);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| mistake(&error.to_string()))? {
            match argument {
                Value(word) => words.push(text(&word)?),
                Long("with") => conversation = text(&value(&mut parser)?)?,
                Long("database") => database = value(&mut parser)?.into(),
                Long("pause-ms") => pause = Duration::from_millis(whole_number(&value(&mut parser)?)?),
                Long("help") | Short('h') => return Ok(None),
                Short(_) | Long(_) => return Err(mistake(&argument.unexpected().to_string())),
            }
        }
        if conversation.is_empty() || conversation.contains('/') {
            return Err(mistake("--with expects a name without `/`"));
        }
        let task = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => Task::Talk,
            ["history"] => Task::History,
            ["say", said @ ..] if said.iter().any(|word| !word.trim().is_empty()) => Task::Say(said.join(" ")),
            ["say", ..] => return Err(mistake("`say` needs something to say")),
            ["history", word, ..] | [word, ..] => return Err(mistake(&format!("unexpected argument `{word}`"))),
        };
        Ok(Some(Self { task, conversation, database, pause }))
    }
}

fn value(parser: &mut lexopt::Parser) -> Result<OsString> {
    parser.value().map_err(|error| mistake(&error.to_string()))
}

fn whole_number(value: &OsStr) -> Result<u64> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::msg(format!("--pause-ms expects a whole number, found `{}`", value.display())))
}

fn text(value: &OsStr) -> Result<String> {
    let text = value.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::msg(format!("expected UTF-8, found `{}`: write it otherwise", value.display())))
}

fn mistake(what: &str) -> Error {
    Error::msg(format!("{what}; `chat --help` lists what there is"))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Task};

    fn parse(words: &[&str]) -> Result<Option<Task>, String> {
        let arguments = Arguments::parse(words.iter().map(Into::into)).map_err(|error| error.to_string())?;
        Ok(arguments.map(|arguments| arguments.task))
    }

    #[test]
    fn a_task_or_none() {
        assert_eq!(parse(&[]), Ok(Some(Task::Talk)));
        assert_eq!(parse(&["say", "good", "day"]), Ok(Some(Task::Say("good day".into()))));
        assert_eq!(parse(&["history", "--with", "ada"]), Ok(Some(Task::History)));
        assert_eq!(parse(&["--help"]), Ok(None));
    }

    #[test]
    fn a_mistake_is_named() {
        for (words, expected) in [
            (&["say"][..], "`say` needs something to say"),
            (&["hello"], "unexpected argument `hello`"),
            (&["history", "x"], "unexpected argument `x`"),
            (&["--with", "a/b"], "--with expects a name without `/`"),
            (&["--pause-ms", "long"], "--pause-ms expects a whole number, found `long`"),
            (&["--fast"], "invalid option '--fast'"),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.starts_with(expected), "{words:?}: {error}");
        }
    }
}
