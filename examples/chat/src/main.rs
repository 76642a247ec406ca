//! A turn-by-turn assistant: kill it at any moment, start it again, and it remembers the conversation.

mod arguments;
mod program;

use crate::arguments::{Arguments, HELP};
use crate::program::say;
use std::io::Write as _;
use std::process::ExitCode;
use steadfast::Result;

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "chat: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<()> {
    if let Some(arguments) = Arguments::parse(std::env::args_os().skip(1))? {
        return program::run(arguments).await;
    }
    say(HELP.trim_end());
    Ok(())
}
