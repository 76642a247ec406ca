//! The command line.

use lexopt::prelude::{Long, Short, Value};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Moves money between accounts, each transfer as a durable workflow. Kill it at any moment, start it again: it goes on.

Usage: payments TASK [options]

  init               makes the accounts
    --accounts N     how many; every fifth is blocked and receives nothing     [10]
    --cents N        what is on each                                           [10000]
  run                orders transfers and takes them to their ends
    --transfers N    how many there are to be, with those ordered before       [200]
  check              says whether no cent is lost, also while it runs; fails if one is

  --database PATH    where accounts and workflows are kept   [payments.db]
  --help             this text
";

/// A subcommand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Init { accounts: u32, cents: u32 },
    Run { transfers: u32 },
    Check,
}

/// The parsed command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) database: PathBuf,
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let mut task = None;
        let (mut accounts, mut cents, mut transfers) = (None, None, None);
        let mut database = PathBuf::from("payments.db");
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(explain)? {
            match argument {
                Value(word) if task.is_none() => task = Some(word),
                Long("accounts") => accounts = Some(number("--accounts", 2, &parser.value().map_err(explain)?)?),
                Long("cents") => cents = Some(number("--cents", 0, &parser.value().map_err(explain)?)?),
                Long("transfers") => transfers = Some(number("--transfers", 0, &parser.value().map_err(explain)?)?),
                Long("database") => database = parser.value().map_err(explain)?.into(),
                Long("help") | Short('h') => return Ok(None),
                Short(_) | Long(_) | Value(_) => return Err(explain(argument.unexpected())),
            }
        }
        let word = task.unwrap_or_default();
        let task = match word.to_str() {
            Some("init") => {
                Task::Init { accounts: accounts.take().unwrap_or(10), cents: cents.take().unwrap_or(10_000) }
            }
            Some("run") => Task::Run { transfers: transfers.take().unwrap_or(200) },
            Some("check") => Task::Check,
            _ => {
                let found = if word.is_empty() { "nothing".to_owned() } else { format!("`{}`", word.display()) };
                return Err(mistake(&format!("expected one of `init`, `run`, `check`, found {found}")));
            }
        };
        let foreign = [("--accounts", accounts), ("--cents", cents), ("--transfers", transfers)];
        if let Some((name, _)) = foreign.into_iter().find(|(_, value)| value.is_some()) {
            return Err(mistake(&format!("{name} does not belong to `{}`", word.display())));
        }
        Ok(Some(Self { task, database }))
    }
}

fn number(name: &str, least: u32, value: &OsStr) -> Result<u32> {
    const MOST: u32 = 1_000_000;
    let number = value.to_str().and_then(|text| text.parse().ok()).filter(|number| (least..=MOST).contains(number));
    let found = value.display();
    number.ok_or_else(|| Error::msg(format!("{name} expects a whole number from {least} to {MOST}, found `{found}`")))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` asks for")]
fn explain(error: lexopt::Error) -> Error {
    mistake(&error.to_string())
}

fn mistake(what: &str) -> Error {
    Error::msg(format!("{what}; `payments --help` lists what there is"))
}
