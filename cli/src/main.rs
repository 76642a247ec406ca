//! `steadfast`: looks into a database of runs from a terminal or a script. It changes nothing.

mod args;
mod commands;
mod database;
mod escape;
mod exit;
mod json;
mod list;
mod out;
mod table;
mod times;
mod tone;
mod top;
mod watch;

use args::Args;
use clap::Parser as _;
use exit::{Exit, Failure};
use out::{Out, note};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = Out::new(args.global.json, args.global.color);
    let exit = match run(&args, &mut out) {
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

fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    if let Some(text) = commands::generated(&args.command)? {
        out.bytes(&text)?;
        return Ok(Exit::Done);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::NoRuntime)?;
    let ended = runtime.block_on(async {
        let inspector = database::open(args.global.db.as_deref(), args.global.schema.as_deref()).await?;
        watch::repeat(&args.command, &inspector, out).await
    });
    // A read that hangs does not keep the program.
    runtime.shutdown_background();
    ended
}
