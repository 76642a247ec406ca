//! Moves money between accounts in tables of its own, in the engine's file: kill it at any moment, start it again, and no
//! cent is lost or moved twice.
//!
//! Read `workflows.rs` first, then `bookings.rs`: each of its functions is one commit.

mod arguments;
mod bookings;
mod check;
mod order;
mod program;
mod tables;
mod workflows;

use crate::arguments::{Arguments, HELP};
use std::io::Write as _;
use std::process::ExitCode;
use steadfast::Result;

#[tokio::main]
async fn main() -> ExitCode {
    start().await.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "payments: {error}");
        ExitCode::FAILURE
    })
}

async fn start() -> Result<ExitCode> {
    if let Some(arguments) = Arguments::parse(std::env::args_os().skip(1))? {
        return program::run(arguments).await;
    }
    say(HELP.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Prints a line. A closed pipe is no error: its reader has seen enough.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
