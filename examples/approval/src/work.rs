//! Work mode: the engine runs everything, and the program waits for the end.

use crate::outbox::say;
use std::collections::HashSet;
use std::time::{Duration, SystemTime};
use steadfast::{Engine, Result, RunFilter, Status};

/// The interval between checks for unfinished runs.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Waits until it is interrupted, or with `until_idle` until all unfinished runs wait for an answer.
///
/// # Errors
/// The database cannot be read.
pub(crate) async fn work(engine: &Engine, until_idle: bool) -> Result<()> {
    say("working; press Ctrl-C to stop, or kill me at any moment and start me again");
    tokio::select! {
        waiting = idle(engine), if until_idle => say(&format!("nothing is left to do, {} expenses wait", waiting?)),
        _ = tokio::signal::ctrl_c() => say("stopping: steps under way may finish"),
    }
    Ok(())
}

/// Waits until every expense has ended or waits for an answer that is not yet overdue. Returns how many wait.
async fn idle(engine: &Engine) -> Result<usize> {
    loop {
        let asked = engine.requests().await?;
        let open = asked.into_iter().filter(|request| request.due.is_none_or(|due| due > SystemTime::now()));
        let waiting: HashSet<String> = open.map(|request| request.run).collect();
        let under_way = unfinished(engine).await?;
        if under_way.iter().all(|run| waiting.contains(run)) {
            return Ok(under_way.len());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Returns the ids of all runs that are running or sleeping.
async fn unfinished(engine: &Engine) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut filter = RunFilter::all().status(Status::Running).status(Status::Sleeping);
    loop {
        let page = engine.list(filter.clone()).await?;
        let Some(last) = page.last() else { return Ok(ids) };
        filter = filter.after(last.number);
        ids.extend(page.into_iter().map(|run| run.id));
    }
}
