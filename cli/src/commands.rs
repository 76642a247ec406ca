//! The commands: each asks the inspector, and writes the answer.

mod acts;
mod audit;
mod check;
mod context;
mod gc;
mod history;
mod jobs;
mod manual;
mod migrate;
mod places;
mod places_acts;
mod requests;
mod retention;
mod runs;
mod schedules;
mod serve;
mod show;
mod steps;
mod trace;

use crate::args::{Command, Global};
use crate::exit::{Exit, Failure};
use crate::out::Out;
use steadfast::EngineBuilder;
use steadfast::inspect::Inspector;

/// Returns the text of a command that needs no database; `None` for the others.
pub(crate) fn generated(command: &Command) -> Result<Option<Vec<u8>>, Failure> {
    match command {
        Command::Completions { shell } => Ok(Some(manual::completions(*shell))),
        Command::Man { command } => manual::page(command.as_deref()).map(Some),
        _ => Ok(None),
    }
}

/// Runs a command that acts; `None` for the others.
pub(crate) async fn acted(
    command: &Command,
    global: &Global,
    builder: Option<EngineBuilder>,
    out: &mut Out,
) -> Result<Option<Exit>, Failure> {
    match command {
        Command::Act(act) => acts::act(act, global, builder, out).await.map(Some),
        Command::Queues { act: Some(act), .. } => places_acts::queue(act, global, out).await.map(Some),
        Command::Schedules { act: Some(act), .. } => places_acts::schedule(act, global, out).await.map(Some),
        Command::Check { exports, annotations } => {
            check::check(global, builder, exports, *annotations, out).await.map(Some)
        }
        Command::Gc(actor) => gc::gc(actor, global, builder, out).await.map(Some),
        Command::Migrate(migrate) => migrate::migrate(global, migrate, out).await.map(Some),
        Command::Serve(args) => serve::serve(args, global, builder, out).await.map(Some),
        Command::Bulk(bulk) => jobs::bulk(bulk, global, out).await.map(Some),
        Command::Jobs { act: Some(act), .. } => jobs::act(act, global, out).await.map(Some),
        _ => Ok(None),
    }
}

/// Runs a command that looks, once.
pub(crate) async fn run(command: &Command, inspector: &Inspector, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Command::Runs(args) => runs::runs(inspector, out, args).await?,
        Command::Show { run } => return show::show(inspector, out, run).await,
        Command::History(of) => history::history(inspector, out, of).await?,
        Command::Context(at) => context::context(inspector, out, at).await?,
        Command::Diff { left, right } => context::diff(inspector, out, left, right).await?,
        Command::State(at) => context::state(inspector, out, at).await?,
        Command::Steps(of) => steps::steps(inspector, out, of).await?,
        Command::Trace { run, service, output } => {
            trace::trace(inspector, out, run, service, output.as_deref()).await?;
        }
        Command::Requests { run, list } => requests::requests(inspector, out, run.as_deref(), list).await?,
        Command::Queues { queue: None, list, .. } => places::queues(inspector, out, list).await?,
        Command::Queues { queue: Some(queue), list, .. } => places::queue_keys(inspector, out, queue, list).await?,
        Command::Schedules { list, .. } => schedules::schedules(inspector, out, list).await?,
        Command::Top(args) => return crate::top::top(inspector, out, args).await,
        Command::Workers { .. } => places::workers(inspector, out).await?,
        Command::Health { thoroughly } => places::health(inspector, out, *thoroughly).await?,
        Command::Retention(args) => retention::preview(inspector, out, args).await?,
        Command::Audit(args) => audit::audit(inspector, out, args).await?,
        Command::Jobs { list, .. } => jobs::jobs(inspector, out, list).await?,
        // They need no database, or act.
        Command::Completions { .. }
        | Command::Man { .. }
        | Command::Act(_)
        | Command::Bulk(_)
        | Command::Check { .. }
        | Command::Gc(_)
        | Command::Migrate(_)
        | Command::Serve(_) => {}
    }
    Ok(Exit::Done)
}
