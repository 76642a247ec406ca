//! The commands: each asks the inspector, and writes the answer.

mod context;
mod history;
mod manual;
mod places;
mod requests;
mod runs;
mod schedules;
mod show;
mod steps;

use crate::args::Command;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use steadfast::inspect::Inspector;

/// Returns the text of a command that needs no database; `None` for the others.
pub(crate) fn generated(command: &Command) -> Result<Option<Vec<u8>>, Failure> {
    match command {
        Command::Completions { shell } => Ok(Some(manual::completions(*shell))),
        Command::Man { command } => manual::page(command.as_deref()).map(Some),
        _ => Ok(None),
    }
}

/// Runs a command once.
pub(crate) async fn run(command: &Command, inspector: &Inspector, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Command::Runs(args) => runs::runs(inspector, out, args).await?,
        Command::Show { run } => return show::show(inspector, out, run).await,
        Command::History(of) => history::history(inspector, out, of).await?,
        Command::Context(at) => context::context(inspector, out, at).await?,
        Command::Diff { left, right } => context::diff(inspector, out, left, right).await?,
        Command::State(at) => context::state(inspector, out, at).await?,
        Command::Steps(of) => steps::steps(inspector, out, of).await?,
        Command::Requests { run, list } => requests::requests(inspector, out, run.as_deref(), list).await?,
        Command::Queues { queue: None, list } => places::queues(inspector, out, list).await?,
        Command::Queues { queue: Some(queue), list } => places::queue_keys(inspector, out, queue, list).await?,
        Command::Schedules { list } => schedules::schedules(inspector, out, list).await?,
        Command::Top(args) => return crate::top::top(inspector, out, args).await,
        Command::Workers { .. } => places::workers(inspector, out).await?,
        Command::Health { thoroughly } => places::health(inspector, out, *thoroughly).await?,
        // They need no database.
        Command::Completions { .. } | Command::Man { .. } => {}
    }
    Ok(Exit::Done)
}
