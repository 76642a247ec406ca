//! What happens while the run before has not ended, and what becomes of times that were missed, in simulated time.

use crate::simulated::{BEGINNING, DAY, HOUR, at, builder, runs, started};
use limits::{Soon as _, until};
use std::path::Path;
use std::time::SystemTime;
use steadfast::prelude::*;
use steadfast::{Engine, FiringOutcome, Missed, Overlap, RunFilter, Schedule, ScheduleInfo, Status};

/// Takes two hours and 20 minutes.
#[workflow]
async fn long(flow: &mut Flow) -> Result<()> {
    Ok(flow.sleep(Duration::from_mins(140)).await?)
}

#[workflow]
async fn quick(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn minutes(moment: SystemTime) -> u64 {
    moment.duration_since(at(0)).expect("later").as_secs() / 60
}

/// Returns each firing as nominal time, time and outcome, with times in minutes since the beginning.
fn firings(info: &ScheduleInfo) -> Vec<(u64, u64, &'static str)> {
    let outcome = |outcome: &FiringOutcome| match outcome {
        FiringOutcome::Started { .. } => "started",
        FiringOutcome::Skipped { .. } => "skipped",
        _ => "missed",
    };
    let all = info.last.iter();
    all.map(|firing| (minutes(firing.nominal), minutes(firing.at), outcome(&firing.outcome))).collect()
}

/// Fires each hour until so many runs have started, and returns the engine with the firings.
async fn hourly(overlap: Overlap, limit: u64) -> (Engine, Vec<(u64, u64, &'static str)>, Vec<String>) {
    let engine = builder().workflow(long).start().await.unwrap();
    let rule = Schedule::every(HOUR).overlap(overlap).limit(limit);
    engine.schedule("hourly").set(rule, long, ()).await.unwrap();
    let info = started(&engine, "hourly", limit).await;
    let (firings, ids) = (firings(&info), runs(&info));
    (engine, firings, ids)
}

async fn status(engine: &Engine, id: &str) -> Status {
    let run = engine.run(id).await.unwrap();
    until(async || run.status().await.unwrap().status.is_final()).await;
    run.status().await.unwrap().status
}

#[tokio::test]
async fn a_time_is_skipped_while_a_run_goes_on() {
    let (engine, firings, ids) = hourly(Overlap::Skip, 2).await;
    assert_eq!(firings, [(60, 60, "started"), (120, 120, "skipped"), (180, 180, "skipped"), (240, 240, "started")]);
    let skipped = engine.schedule("hourly").info().await.unwrap().last[1].outcome.clone();
    assert_eq!(skipped, FiringOutcome::Skipped { running: ids[0].clone() });
}

#[tokio::test]
async fn one_time_waits_for_the_end_of_a_run() {
    // The third is one that waits: those that come later are beyond the limit.
    let (_engine, firings, _) = hourly(Overlap::BufferOne, 3).await;
    assert_eq!(firings, [(60, 60, "started"), (180, 180, "skipped"), (120, 200, "started"), (240, 340, "started")]);
}

#[tokio::test]
async fn a_run_is_cancelled_for_the_next_one() {
    let (engine, firings, ids) = hourly(Overlap::CancelRunning, 3).await;
    assert_eq!(firings, [(60, 60, "started"), (120, 120, "started"), (180, 180, "started")]);
    let ended = [status(&engine, &ids[0]).await, status(&engine, &ids[1]).await, status(&engine, &ids[2]).await];
    assert_eq!(ended, [Status::Cancelled, Status::Cancelled, Status::Completed]);
}

#[tokio::test]
async fn runs_that_may_overlap_start_at_their_times() {
    let (engine, firings, ids) = hourly(Overlap::Allow, 3).await;
    assert_eq!(firings, [(60, 60, "started"), (120, 120, "started"), (180, 180, "started")]);
    for id in ids {
        assert_eq!(status(&engine, &id).await, Status::Completed);
    }
}

fn on_file(path: &Path) -> steadfast::EngineBuilder {
    Engine::builder().sqlite(path).skip_sleeps().workflow(quick)
}

/// Has an hourly schedule be without an engine for ten hours, up to the beginning, and then fire three times more.
async fn missed(policy: Missed) -> Vec<(i64, &'static str, u64)> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("missed.db");
    let engine = on_file(&path).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    let rule = Schedule::every(HOUR).end(at(3 * 3_600 + 1)).overlap(Overlap::Allow).missed(policy);
    // The pause keeps it from firing before the file is changed.
    schedule.set(rule, quick, ()).await.unwrap();
    schedule.pause("until the file is changed").await.unwrap();
    engine.shutdown(DAY).await.unwrap();
    drop(schedule);
    drop(engine);
    let now = i64::try_from(BEGINNING).unwrap() * 1_000;
    let db = rusqlite::Connection::open(&path).unwrap();
    let state = format!("{{\"decided\": {}}}", now - 10 * 3_600_000);
    let change = "UPDATE steadfast_schedules SET state = ?1, due = ?2";
    assert_eq!(db.execute(change, rusqlite::params![state, now - 9 * 3_600_000]).unwrap(), 1);
    drop(db);

    let engine = on_file(&path).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    until(async || schedule.info().await.unwrap().next.is_empty()).await;
    let info = schedule.info().await.unwrap();
    engine.shutdown(DAY).await.unwrap();
    let hours = |moment: SystemTime| {
        let since = moment.duration_since(at(0) - 24 * HOUR).unwrap();
        i64::try_from(since.as_secs() / 3_600).unwrap() - 24
    };
    let row = |firing: &steadfast::Firing| match firing.outcome {
        FiringOutcome::Started { .. } => (hours(firing.nominal), "started", 1),
        FiringOutcome::Missed { until, count } => {
            assert_eq!(u64::try_from(hours(until) - hours(firing.nominal)).unwrap() + 1, count);
            (hours(firing.nominal), "missed", count)
        }
        _ => (hours(firing.nominal), "other", 1),
    };
    info.last.iter().map(row).collect()
}

#[tokio::test]
async fn the_latest_of_the_missed_times_starts_its_run() {
    let fired = missed(Missed::Latest).await;
    assert_eq!(fired, [(-9, "missed", 9), (0, "started", 1), (1, "started", 1), (2, "started", 1), (3, "started", 1)]);
}

#[tokio::test]
async fn missed_times_start_nothing() {
    // The time that is due at this moment is not missed.
    let fired = missed(Missed::Skip).await;
    assert_eq!(fired, [(-9, "missed", 9), (0, "started", 1), (1, "started", 1), (2, "started", 1), (3, "started", 1)]);
}

#[tokio::test]
async fn missed_times_within_a_window_start_their_runs() {
    let fired = missed(Missed::Within(3 * HOUR)).await;
    let started = |hour| (hour, "started", 1);
    let expected: Vec<_> = std::iter::once((-9, "missed", 6)).chain((-3..=3).map(started)).collect();
    assert_eq!(fired, expected);
}

#[tokio::test]
async fn a_paused_schedule_starts_nothing_and_makes_up_nothing() {
    let engine = builder().workflow(quick).workflow(long).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    schedule.set(Schedule::every(HOUR).limit(2), quick, ()).await.unwrap();
    started(&engine, "hourly", 2).await;
    schedule.pause("the disk is full").await.unwrap();
    // More times are to come, but it is paused while the clock goes on.
    assert!(schedule.set(Schedule::every(HOUR).limit(3), quick, ()).await.unwrap());
    let before = schedule.info().await.unwrap();
    assert_eq!((before.paused.as_deref(), before.next.len(), before.started), (Some("the disk is full"), 0, 2));
    engine.start(long, ()).await.unwrap().result().soon().await.unwrap();
    assert_eq!(schedule.info().await.unwrap(), before);
    schedule.resume().await.unwrap();
    schedule.resume().await.unwrap();
    let info = started(&engine, "hourly", 3).await;
    assert_eq!(firings(&info), [(60, 60, "started"), (120, 120, "started"), (300, 300, "started")]);
    assert_eq!(info.paused, None);
}

#[tokio::test]
async fn a_schedule_is_triggered_now_whatever_its_times() {
    let engine = builder().workflow(long).start().await.unwrap();
    let schedule = engine.schedule("rare");
    schedule.set(Schedule::every(DAY).limit(1), long, ()).await.unwrap();
    started(&engine, "rare", 1).await;
    status(&engine, "rare@2020-01-02T00:00:00Z").await;
    // It is over, and paused.
    schedule.pause("over").await.unwrap();
    let run = schedule.trigger().await.unwrap().expect("it starts");
    let second = schedule.trigger().await.unwrap();
    assert!(second.is_none() || status(&engine, run.id()).await == Status::Completed, "the policy holds");
    assert_eq!(status(&engine, run.id()).await, Status::Completed);
    let info = schedule.info().await.unwrap();
    assert_eq!((info.started, &info.last[1].outcome), (1, &FiringOutcome::Started { run: run.id().to_owned() }));
}

#[tokio::test]
async fn a_range_is_filled_one_run_after_the_other_and_once() {
    let engine = builder().workflow(long).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    let hourly = |limit| Schedule::cron("0 * * * *").limit(limit);
    schedule.set(hourly(1), long, ()).await.unwrap();
    started(&engine, "hourly", 1).await;
    schedule.pause("until both ranges are there").await.unwrap();
    assert_eq!(schedule.backfill(at(0)..at(4 * 3_600)).await.unwrap(), 4);
    assert_eq!(schedule.backfill(at(3 * 3_600)..at(5 * 3_600)).await.unwrap(), 2);
    assert_eq!(schedule.info().await.unwrap().waiting, [0, 1, 2, 3, 4].map(|hour| at(hour * 3_600)));
    schedule.resume().await.unwrap();
    // It is over, which a backfill does not count for.
    until(async || schedule.info().await.unwrap().waiting.is_empty()).await;
    assert_eq!(schedule.info().await.unwrap().started, 5);
    for hour in 0..5 {
        let run = engine.run(&format!("hourly@2020-01-01T0{hour}:00:00Z")).await.unwrap();
        assert_eq!(status(&engine, run.id()).await, Status::Completed);
    }
    // None of them overlaps another one.
    let all = engine.list(RunFilter::all().label("schedule", "hourly")).await.unwrap();
    let mut spans: Vec<_> = all.iter().map(|info| (info.started_at, info.changed_at)).collect();
    spans.sort_unstable();
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0 || pair[0].0 == pair[0].1), "{spans:?}");
}
