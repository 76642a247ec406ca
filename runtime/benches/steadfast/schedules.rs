//! (w) 10,000 schedules that are due at the same moment: how fast their runs start, beside the same inserts alone.

use crate::table::{Table, median};
use futures_util::future::try_join_all;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use steadfast::prelude::*;
use steadfast::{EngineBuilder, RunFilter, Schedule, Status, Tick};
use tokio::runtime::Runtime;

pub(crate) const SCHEDULES: u32 = 10_000;

/// The most schedules that are created at once.
const AT_ONCE: u32 = 500;

#[workflow]
#[expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]
async fn ticked(_flow: &mut Flow, _tick: Tick) -> Result<()> {
    Ok(())
}

fn millis(moment: SystemTime) -> u64 {
    u64::try_from(moment.duration_since(UNIX_EPOCH).expect("after 1970").as_millis())
        .expect("before the year 292,000,000")
}

/// Adds the lines of an engine on a new database for each round. `raw` returns the bare inserts per second.
pub(crate) fn due_at_once(
    runtime: &Runtime,
    rounds: usize,
    mut engine_on: impl FnMut() -> EngineBuilder,
    mut raw: impl FnMut() -> f64,
    table: &mut Table,
) {
    let (mut measured, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        limit.push(raw());
        measured.push(runtime.block_on(measure(engine_on())));
    }
    let of = |value: fn(&Measured) -> f64| median(measured.iter().map(value).collect());
    let limit = median(limit);
    table.against("(w) 10,000 schedules due at once, fired", of(|all| all.fired), "runs/s", limit, "167 runs/s");
    table.alone("(w) the same, runs ended", of(|all| all.ended), "runs/s", "");
    table.alone("(w) the same, from due to started, median", of(|all| all.middle), "s", "");
    table.alone("(w) the same, 99th percentile", of(|all| all.late), "s", "60 s");
}

/// How many runs start a second from the nominal time on, and how many end; the seconds until one has started.
struct Measured {
    fired: f64,
    ended: f64,
    middle: f64,
    late: f64,
}

async fn measure(builder: EngineBuilder) -> Measured {
    let engine = builder.workflow(ticked).start().await.expect("an engine");
    let (mut wait, begun) = (15, Instant::now());
    let mut created = 0;
    let mut nominal = 0;
    while created < SCHEDULES {
        // The first ones show how long all take.
        if created == AT_ONCE {
            wait += begun.elapsed().as_secs() * 2 * u64::from(SCHEDULES / AT_ONCE);
        }
        if created <= AT_ONCE {
            nominal = millis(SystemTime::now()) + wait * 1_000;
        }
        let day = 24 * 60 * 60 * 1_000;
        let rule = || Schedule::every(Duration::from_millis(day)).phase(Duration::from_millis(nominal % day));
        let handles: Vec<_> = (created..created + AT_ONCE).map(|n| engine.schedule(format!("s-{n}"))).collect();
        try_join_all(handles.iter().map(|schedule| schedule.set(rule(), ticked, ()))).await.expect("created");
        created += AT_ONCE;
    }
    // The first ones get the time of the others.
    let day = 24 * 60 * 60 * 1_000;
    let rule = || Schedule::every(Duration::from_millis(day)).phase(Duration::from_millis(nominal % day));
    let first: Vec<_> = (0..AT_ONCE).map(|n| engine.schedule(format!("s-{n}"))).collect();
    try_join_all(first.iter().map(|schedule| schedule.set(rule(), ticked, ()))).await.expect("changed");
    assert!(millis(SystemTime::now()) < nominal, "they were created too late");
    let count = async |filter: RunFilter| engine.list(filter.limit(SCHEDULES as usize + 1)).await.expect("a list");
    while count(RunFilter::all().status(Status::Completed)).await.len() < SCHEDULES as usize {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let runs = count(RunFilter::all()).await;
    let since = |moment: SystemTime| Duration::from_millis(millis(moment) - nominal).as_secs_f64();
    let mut lags: Vec<f64> = runs.iter().map(|run| since(run.started_at)).collect();
    lags.sort_by(f64::total_cmp);
    let last = runs.iter().map(|run| since(run.changed_at)).fold(0.0, f64::max);
    engine.shutdown(Duration::from_secs(30)).await.expect("an orderly end");
    let at = |percent: usize| lags[(lags.len() - 1) * percent / 100];
    Measured { fired: f64::from(SCHEDULES) / at(100), ended: f64::from(SCHEDULES) / last, middle: at(50), late: at(99) }
}
