//! Fulfils a file of orders, each as a durable workflow: stop it at any moment, start it again, and it resumes.
//!
//! Read `workflow.rs` first, then `steps.rs`. With Postgres it is a fleet of processes, any of which may be killed:
//! `fleet.rs`.

mod arguments;
mod before;
mod console;
mod file;
mod fleet;
mod ledger;
mod order;
mod program;
mod progress;
mod services;
mod steps;
mod summary;
mod workflow;

use crate::arguments::{Arguments, HELP, Role};
use std::io::Write as _;
use std::process::ExitCode;
use steadfast::Result;

#[tokio::main]
async fn main() -> ExitCode {
    start().await.unwrap_or_else(|error| {
        progress::say(&format!("orders: {error}"));
        ExitCode::FAILURE
    })
}

async fn start() -> Result<ExitCode> {
    if let Some(arguments) = Arguments::parse(std::env::args_os().skip(1))? {
        return match arguments.role {
            Role::Worker => fleet::work(arguments).await,
            Role::Alone | Role::Client { .. } => program::run(arguments).await,
        };
    }
    let _ = write!(std::io::stdout(), "{HELP}");
    Ok(ExitCode::SUCCESS)
}
