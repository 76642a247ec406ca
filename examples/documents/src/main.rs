//! Indexes a folder of texts as one durable workflow: kill it at any moment, start it again, and it resumes.
//!
//! Read `workflow.rs` first: its context has stored, lazy and transient fields.

mod arguments;
mod catalogue;
mod index;
mod program;
mod settings;
mod steps;
mod workflow;

use crate::arguments::{Arguments, HELP};
use crate::settings::say;
use std::io::Write as _;
use std::process::ExitCode;
use steadfast::Result;

#[tokio::main]
async fn main() -> ExitCode {
    start().await.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "documents: {error}");
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
