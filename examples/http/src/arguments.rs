//! The command line.

use lexopt::prelude::{Long, Short};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use steadfast::{Error, Result};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Takes orders over HTTP. Stop it or kill it at any moment, and start it again.

Usage: http-service [options]

  --port N         the port on 127.0.0.1; 0 lets the system choose             [8080]
  --database PATH  where orders are kept                                       [http.db]
  --pause-ms N     how long the bank takes for a charge, to have time to kill  [100]
  --help           this text

  curl -X PUT localhost:8080/orders/7 -H 'content-type: application/json' -d '{\"cents\": 4200}'
  curl localhost:8080/orders/7
  curl localhost:8080/orders/7/receipt
  curl -X POST localhost:8080/orders/8/approval -H 'content-type: application/json' -d '{\"by\": \"Ada\"}'
";

/// The parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) database: PathBuf,
    pub(crate) pause: Duration,
}

impl Arguments {
    /// Parses the arguments. Returns `None` if only the help was requested.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>> {
        let mut read = Self { port: 8080, database: PathBuf::from("http.db"), pause: Duration::from_millis(100) };
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| mistake(&error.to_string()))? {
            let option = match argument {
                Long("help") | Short('h') => return Ok(None),
                Long(option @ ("port" | "database" | "pause-ms")) => option.to_owned(),
                _ => return Err(mistake(&argument.unexpected().to_string())),
            };
            let value = parser.value().map_err(|error| mistake(&error.to_string()))?;
            match option.as_str() {
                "port" => read.port = number(&option, &value)?,
                "pause-ms" => read.pause = Duration::from_millis(number(&option, &value)?),
                _ => read.database = value.into(),
            }
        }
        Ok(Some(read))
    }
}

fn number<N: std::str::FromStr>(option: &str, value: &OsString) -> Result<N> {
    let text = value.to_string_lossy();
    text.parse().map_err(|_| Error::msg(format!("--{option} expects a whole number, found `{text}`")))
}

fn mistake(what: &str) -> Error {
    Error::msg(format!("{what}; `http-service --help` lists what there is"))
}
