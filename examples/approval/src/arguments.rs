//! The command line.

use crate::time_limit;
use lexopt::prelude::{Long, Short, Value};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Has expenses approved, each as a durable workflow. Kill it at any moment, start it again: it goes on.

Usage: approval TASK [options]

  start --by NAME --cents NUMBER --for TEXT
                     begins an expense and prints its id
    --limit TIME     how long colleagues may take before a manager is asked: 300ms, 30s, 5m, 12h, 2d   [3d]
    --id ID          an id of your own: the same expense twice is then one
  work               does what is to be done until it is stopped
    --until-idle     .. or until nothing is left but to wait
  list               the open questions
  approve QUESTION [--by NAME] [--manager]
  reject QUESTION --because TEXT [--by NAME] [--manager]
                     answers one; the name is the user's unless it is given
  history EXPENSE    what has happened

  --database PATH    where the workflows are kept; what was sent lies beside it   [approval.db]
  --pause TIME       how long a step takes, to have time to kill it               [0ms]
  --help             this text
";

/// A subcommand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Start { by: String, cents: u64, what: String, limit: Duration, id: Option<String> },
    Work { until_idle: bool },
    List,
    Answer { question: String, by: String, manager: bool, because: Option<String> },
    History { expense: String },
}

/// The parsed command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) database: PathBuf,
    pub(crate) pause: Duration,
}

/// Words and options of the command line, not yet checked against a subcommand.
#[derive(Default)]
struct Said {
    words: Vec<String>,
    values: Vec<(&'static str, String)>,
}

impl Said {
    fn option(&mut self, name: &str) -> Option<String> {
        let at = self.values.iter().rposition(|(said, _)| *said == name)?;
        let value = self.values.remove(at).1;
        self.values.retain(|(said, _)| *said != name);
        Some(value)
    }

    fn flag(&mut self, name: &str) -> bool {
        self.option(name).is_some()
    }

    fn needed(&mut self, task: &str, name: &'static str) -> Result<String> {
        let value = self.option(name).filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| mistake(&format!("`{task}` needs {name}")))
    }

    fn word(&mut self, task: &str, what: &str) -> Result<String> {
        if self.words.is_empty() {
            return Err(mistake(&format!("`{task}` needs the id of {what}")));
        }
        Ok(self.words.remove(0))
    }

    fn time(&mut self, name: &str, otherwise: Duration) -> Result<Duration> {
        let Some(text) = self.option(name) else { return Ok(otherwise) };
        let expected = "a number and ms, s, m, h or d";
        time_limit::parse(&text).ok_or_else(|| Error::msg(format!("{name} expects {expected}, found `{text}`")))
    }
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        const VALUES: [&str; 8] = ["--by", "--cents", "--for", "--limit", "--id", "--because", "--database", "--pause"];
        let mut said = Said::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| mistake(&error.to_string()))? {
            match argument {
                Long("help") | Short('h') => return Ok(None),
                Long("until-idle") => said.values.push(("--until-idle", String::new())),
                Long("manager") => said.values.push(("--manager", String::new())),
                Value(word) => said.words.push(text(&word)?),
                Long(name) => {
                    let Some(name) = VALUES.into_iter().find(|known| &known[2..] == name) else {
                        return Err(mistake(&argument.unexpected().to_string()));
                    };
                    let value = parser.value().map_err(|error| mistake(&error.to_string()))?;
                    said.values.push((name, text(&value)?));
                }
                Short(_) => return Err(mistake(&argument.unexpected().to_string())),
            }
        }
        let database = said.option("--database").unwrap_or_else(|| "approval.db".to_owned()).into();
        let pause = said.time("--pause", Duration::ZERO)?;
        let task = task(&mut said)?;
        if let Some(word) = said.words.first() {
            return Err(mistake(&format!("unexpected argument `{word}`")));
        }
        if let Some((name, _)) = said.values.first() {
            return Err(mistake(&format!("{name} does not belong to this task")));
        }
        Ok(Some(Self { task, database, pause }))
    }
}

fn task(said: &mut Said) -> Result<Task> {
    let known = "one of `start`, `work`, `list`, `approve`, `reject`, `history`";
    if said.words.is_empty() {
        return Err(mistake(&format!("expected {known}, found nothing")));
    }
    let word = said.words.remove(0);
    Ok(match word.as_str() {
        "start" => Task::Start {
            by: said.needed("start", "--by")?,
            cents: cents(&said.needed("start", "--cents")?)?,
            what: said.needed("start", "--for")?,
            limit: said.time("--limit", Duration::from_hours(3 * 24))?,
            id: said.option("--id"),
        },
        "work" => Task::Work { until_idle: said.flag("--until-idle") },
        "list" => Task::List,
        "approve" => answer(said, "approve", None)?,
        "reject" => {
            let because = said.needed("reject", "--because")?;
            answer(said, "reject", Some(because))?
        }
        "history" => Task::History { expense: said.word("history", "an expense")? },
        _ => return Err(mistake(&format!("expected {known}, found `{word}`"))),
    })
}

fn answer(said: &mut Said, task: &str, because: Option<String>) -> Result<Task> {
    let question = said.word(task, "a question, as `approval list` shows it")?;
    let user = said.option("--by").or_else(|| std::env::var("USER").ok()).filter(|name| !name.trim().is_empty());
    let by = user.ok_or_else(|| mistake(&format!("`{task}` needs --by, because the user has no name here")))?;
    Ok(Task::Answer { question, by, manager: said.flag("--manager"), because })
}

fn cents(text: &str) -> Result<u64> {
    let number = text.parse().ok().filter(|cents| *cents > 0);
    number.ok_or_else(|| Error::msg(format!("--cents expects a whole number above 0, found `{text}`")))
}

fn text(value: &OsStr) -> Result<String> {
    let text = value.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::msg(format!("expected UTF-8, found `{}`: write it otherwise", value.display())))
}

fn mistake(what: &str) -> Error {
    Error::msg(format!("{what}; `approval --help` lists what there is"))
}
