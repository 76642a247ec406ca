//! Has expenses approved: each is a durable workflow that asks people, waits for days, and survives being killed.
//!
//! Read `workflow.rs` first, then `desk.rs`: the commands with which a person in another process answers a question.

mod arguments;
mod desk;
mod engine;
mod expense;
mod moment;
mod outbox;
mod program;
mod steps;
mod time_limit;
mod work;
mod workflow;

use crate::arguments::{Arguments, HELP};
use crate::outbox::say;
use std::io::Write as _;
use std::process::ExitCode;
use steadfast::Result;

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "approval: {error}");
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
