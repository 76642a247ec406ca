//! The program: `embeddings worker` in as many shells as you like, and `embeddings index FOLDER` in another one.

mod arguments;
mod program;

use crate::arguments::{Arguments, HELP};
use std::io::Write as _;
use std::process::ExitCode;
use steadfast::Result;

#[tokio::main]
async fn main() -> ExitCode {
    start().await.map_or_else(
        |error| {
            let _ = writeln!(std::io::stderr(), "embeddings: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

async fn start() -> Result<()> {
    if let Some(arguments) = Arguments::parse(std::env::args_os().skip(1))? {
        return program::run(arguments).await;
    }
    let _ = write!(std::io::stdout(), "{HELP}");
    Ok(())
}
