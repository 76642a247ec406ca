//! The commands that act on runs.

use super::check;
use crate::act_args::{Act, AtPoint, Point, Start};
use crate::args::Global;
use crate::database;
use crate::done::Done;
use crate::exit::{Exit, Failure};
use crate::out::{Out, note};
use crate::sure;
use steadfast::operate::{Acting, ForkOptions, Operator, StartOptions};
use steadfast::{EngineBuilder, ForkPoint, Pause, Status};

/// Runs a command that acts.
pub(crate) async fn act(
    act: &Act,
    global: &Global,
    mut builder: Option<EngineBuilder>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    check_json(act)?;
    if let Act::Start(start) = act
        && let Some(builder) = builder.take()
    {
        check::input(options(start), builder).await?;
    }
    let operator = database::operator(global, act.actor(), builder).await?;
    let done = perform(act, &operator, out).await?;
    out.done(&done)?;
    let exit = match act.needs_a_live_run() {
        Some(run) => waits_parked(&operator, run).await?,
        None => Exit::Done,
    };
    operator.close().await?;
    Ok(exit)
}

async fn perform(act: &Act, operator: &Operator, out: &Out) -> Result<Done, Failure> {
    let acting = operator.because(act.actor().why.as_str());
    match act {
        Act::Start(start) => {
            let (id, is_new) = acting.start(options(start)).await?;
            return Ok(Done::new("start", id).with("new", if is_new { "yes" } else { "no" }));
        }
        Act::Send { run, message, value, key, .. } => acting.send(run, message, value, key.as_deref()).await?,
        Act::Answer { request, value, .. } => acting.answer(request, value).await?,
        Act::Cancel { run, force, sure } => {
            ask(operator, out, sure.yes, "cancel", run).await?;
            if *force { acting.force_cancel(run).await? } else { acting.cancel(run).await? }
        }
        Act::Pause { run, abandon, .. } => {
            acting.pause(run, if *abandon { Pause::Abandon } else { Pause::Drain }).await?;
        }
        Act::Resume { run, .. } => acting.resume(run).await?,
        Act::Revive { run, .. } => acting.revive(run).await?,
        Act::Retry { run, .. } => acting.retry(run).await?,
        Act::Rewind { point, sure } => {
            ask(operator, out, sure.yes, "rewind", &point.run).await?;
            acting.rewind(&point.run, at(point), changes(point, None)).await?;
        }
        Act::Delete { run, sure } => {
            ask(operator, out, sure.yes, "delete", run).await?;
            acting.delete(run).await?;
        }
        Act::Fork { .. } | Act::Export { .. } | Act::Import { .. } => return copy(act, &acting).await,
    }
    let (word, subject) = act.named();
    Ok(Done::new(word, subject))
}

/// Runs a command that makes another run, or a file.
async fn copy(act: &Act, acting: &Acting<'_>) -> Result<Done, Failure> {
    let (word, subject) = act.named();
    let done = Done::new(word, subject);
    Ok(match act {
        Act::Fork { id, point, .. } => {
            done.with("run", acting.fork(&point.run, at(point), changes(point, id.clone())).await?)
        }
        Act::Export { run, file, .. } => {
            let entries = acting.export(run, file).await?.entries;
            done.with("file", file.display().to_string()).with("entries", entries.to_string())
        }
        Act::Import { file, id, .. } => done.with("run", acting.import(file, id.as_deref()).await?),
        _ => done,
    })
}

/// Asks before something is destroyed, with what the run is. A run that is not there is found out first.
async fn ask(operator: &Operator, out: &Out, yes: bool, what: &str, run: &str) -> Result<(), Failure> {
    let details = operator.inspect().run(run).await?;
    let summary = details.run;
    let of = format!("{}, {}, {} entries", summary.workflow, summary.status, summary.entries);
    sure::ask(out, yes, &format!("{what} run `{run}` ({of})"))
}

/// Says of a run that is parked that it gets what was asked for later.
async fn waits_parked(operator: &Operator, run: &str) -> Result<Exit, Failure> {
    let status = operator.inspect().run(run).await?.run.status;
    if status != Status::Parked {
        return Ok(Exit::Done);
    }
    note(&format!(
        "run `{run}` is parked, and gets this when it is revived (`steadfast revive`); `steadfast cancel --force` ends it now"
    ));
    Ok(Exit::NotResumable)
}

fn options(start: &Start) -> StartOptions {
    StartOptions {
        workflow: start.workflow.clone(),
        version: start.workflow_version,
        input: start.input.clone(),
        id: start.id.clone(),
        queue: start.queue.clone(),
        queue_key: start.queue_key.clone(),
        priority: start.priority,
        deduplication_key: start.deduplication_key.clone(),
        labels: start.label.clone(),
    }
}

fn at(point: &Point) -> ForkPoint {
    match &point.at {
        AtPoint { before: Some(step), .. } => ForkPoint::before(step).nth(point.nth),
        AtPoint { at_position: Some(position), .. } => ForkPoint::at_position(*position),
        // One of the three is required.
        AtPoint { after_entry, .. } => ForkPoint::after_entry(after_entry.unwrap_or(1)),
    }
}

fn changes(point: &Point, id: Option<String>) -> ForkOptions {
    let (input, labels) = (point.input.clone(), point.label.clone());
    ForkOptions { id, version: point.workflow_version, input, context: point.set.clone(), labels }
}

/// Refuses a command line with a value that is no JSON, before the database is opened.
fn check_json(act: &Act) -> Result<(), Failure> {
    if let Act::Fork { point, .. } | Act::Rewind { point, .. } = act {
        for (field, value) in &point.set {
            is_json(&format!("the value of `{field}`"), value)?;
        }
    }
    let (what, json) = match act {
        Act::Start(Start { input: Some(json), .. })
        | Act::Fork { point: Point { input: Some(json), .. }, .. }
        | Act::Rewind { point: Point { input: Some(json), .. }, .. } => ("the input", json),
        Act::Send { value, .. } => ("the message", value),
        Act::Answer { value, .. } => ("the answer", value),
        _ => return Ok(()),
    };
    is_json(what, json)
}

fn is_json(what: &str, json: &str) -> Result<(), Failure> {
    let read = serde_json::from_str::<serde_json::Value>(json);
    read.map(drop).map_err(|error| {
        Failure::Usage(format!("{what} is no JSON: {error}. A text is written with quotes: `'\"red\"'`"))
    })
}
