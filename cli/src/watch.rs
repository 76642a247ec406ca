//! Writes an answer once, or anew every few seconds.

use crate::args::Command;
use crate::commands;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use std::time::Duration;
use steadfast::inspect::Inspector;

/// Runs a command, with `--watch` until the reader has enough.
pub(crate) async fn repeat(command: &Command, inspector: &Inspector, out: &mut Out) -> Result<Exit, Failure> {
    let Some(seconds) = command.watch() else { return commands::run(command, inspector, out).await };
    loop {
        out.again()?;
        commands::run(command, inspector, out).await?;
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
    }
}
