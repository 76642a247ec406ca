//! The command line of Steadfast: looks into a database of runs from a terminal or a script, and acts on it.
//!
//! The program `steadfast` has no workflows. A program of yours that has gets the same commands with [`main`], and those
//! that need its code: `check`, and a `start` that reads its input as the workflow does.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use steadfast::prelude::*;
//!
//! #[workflow]
//! async fn hello(_flow: &mut Flow, name: String) -> Result<String> {
//!     Ok(format!("Hello, {name}!"))
//! }
//!
//! fn main() -> ExitCode {
//!     steadfast_cli::main(Engine::builder().workflow(hello))
//! }
//! ```

mod act_args;
mod args;
mod commands;
mod database;
mod done;
mod escape;
mod exit;
mod json;
mod list;
mod out;
mod place_args;
mod sure;
mod table;
mod times;
mod tone;
mod top;
mod watch;

use args::{Args, Command};
use clap::Parser as _;
use exit::{Exit, Failure};
use out::{Out, note};
use std::ffi::OsString;
use std::process::ExitCode;
use steadfast::EngineBuilder;

/// Runs the command line of a program with these workflows, and returns its exit code. The database is that of `--db` or
/// of the variable `STEADFAST_DB`, whatever the builder names.
#[must_use]
pub fn main(builder: EngineBuilder) -> ExitCode {
    ended(Some(builder), std::env::args_os().collect())
}

/// Runs the command line with these arguments, the first of which is the name of the program: for a program that has
/// commands of its own too.
#[must_use]
pub fn main_with(builder: EngineBuilder, arguments: Vec<OsString>) -> ExitCode {
    ended(Some(builder), arguments)
}

/// Runs the command line of the program `steadfast`, which has no workflows.
#[must_use]
pub fn tool() -> ExitCode {
    ended(None, std::env::args_os().collect())
}

fn ended(builder: Option<EngineBuilder>, arguments: Vec<OsString>) -> ExitCode {
    let args = Args::parse_from(arguments);
    let mut out = Out::new(args.global.json, args.global.color);
    let exit = match run(&args, builder, &mut out) {
        Ok(exit) => exit,
        Err(failure) => {
            if let Some(sentence) = failure.sentence() {
                note(&format!("steadfast: {sentence}"));
            }
            failure.exit()
        }
    };
    exit.into()
}

fn run(args: &Args, builder: Option<EngineBuilder>, out: &mut Out) -> Result<Exit, Failure> {
    if let Some(text) = commands::generated(&args.command)? {
        out.bytes(&text)?;
        return Ok(Exit::Done);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::NoRuntime)?;
    let ended = runtime.block_on(commanded(&args.command, &args.global, builder, out));
    // A read that hangs does not keep the program.
    runtime.shutdown_background();
    ended
}

async fn commanded(
    command: &Command,
    global: &args::Global,
    builder: Option<EngineBuilder>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    if let Some(exit) = commands::acted(command, global, builder, out).await? {
        return Ok(exit);
    }
    let inspector = database::open(global).await?;
    watch::repeat(command, &inspector, out).await
}
