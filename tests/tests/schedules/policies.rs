//! What happens while the run before has not ended, in simulated time.

use crate::simulated::{DAY, HOUR, at, builder, runs, started};
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::SystemTime;
use steadfast::prelude::*;
use steadfast::{Engine, EngineError, FiringOutcome, Message, Overlap, RunFilter, Schedule, ScheduleInfo, Status};

/// Takes two hours and 20 minutes.
#[workflow]
async fn long(flow: &mut Flow) -> Result<()> {
    Ok(flow.sleep(Duration::from_mins(140)).await?)
}

#[derive(Message, Serialize, Deserialize)]
struct End;

/// Goes on until a message comes.
#[workflow]
async fn held(flow: &mut Flow) -> Result<()> {
    flow.receive::<End>().await?;
    Ok(())
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
    let engine = builder().workflow(held).start().await.unwrap();
    let schedule = engine.schedule("rare");
    schedule.set(Schedule::every(DAY).limit(1), held, ()).await.unwrap();
    started(&engine, "rare", 1).await;
    assert!(schedule.trigger().await.unwrap().is_none(), "the policy holds");
    engine.run("rare@2020-01-02T00:00:00Z").await.unwrap().send(End).await.unwrap();
    status(&engine, "rare@2020-01-02T00:00:00Z").await;
    // It is over, and paused.
    schedule.pause("over").await.unwrap();
    let run = schedule.trigger().await.unwrap().expect("it starts");
    assert!(schedule.trigger().await.unwrap().is_none(), "the policy holds");
    run.send(End).await.unwrap();
    assert_eq!(status(&engine, run.id()).await, Status::Completed);
    let info = schedule.info().await.unwrap();
    let outcomes: Vec<_> = firings(&info).into_iter().map(|(_, _, outcome)| outcome).collect();
    assert_eq!((info.started, &*outcomes), (1, &["started", "skipped", "started", "skipped"][..]));
    assert_eq!(info.last[2].outcome, FiringOutcome::Started { run: run.id().to_owned() });
}

#[tokio::test]
async fn a_trigger_waits_for_the_end_of_a_run_with_a_buffer() {
    let engine = builder().workflow(held).start().await.unwrap();
    let schedule = engine.schedule("rare");
    schedule.set(Schedule::every(DAY).limit(1).overlap(Overlap::BufferAll), held, ()).await.unwrap();
    let first = started(&engine, "rare", 1).await;
    assert!(schedule.trigger().await.unwrap().is_none(), "it waits");
    assert_eq!(schedule.info().await.unwrap().waiting.len(), 1);
    engine.run(&runs(&first)[0]).await.unwrap().send(End).await.unwrap();
    until(async || schedule.info().await.unwrap().waiting.is_empty()).await;
    let fired = runs(&schedule.info().await.unwrap());
    assert_eq!(fired.len(), 2);
    engine.run(&fired[1]).await.unwrap().send(End).await.unwrap();
    assert_eq!(status(&engine, &fired[1]).await, Status::Completed);
}

#[tokio::test]
async fn triggers_of_one_millisecond_start_a_run_each() {
    for (overlap, at_once) in [(Overlap::Allow, 3), (Overlap::BufferAll, 0)] {
        let engine = builder().workflow(held).start().await.unwrap();
        let schedule = engine.schedule("rare");
        schedule.set(Schedule::every(DAY).limit(1).overlap(overlap), held, ()).await.unwrap();
        started(&engine, "rare", 1).await;
        let mut ids = BTreeSet::new();
        for _ in 0..3 {
            ids.extend(schedule.trigger().await.unwrap().map(|run| run.id().to_owned()));
        }
        assert_eq!((ids.len(), schedule.info().await.unwrap().waiting.len()), (at_once, 3 - at_once));
        for n in 0..4 {
            until(async || runs(&schedule.info().await.unwrap()).len() > n).await;
            let id = &runs(&schedule.info().await.unwrap())[n];
            engine.run(id).await.unwrap().send(End).await.unwrap();
            assert_eq!(status(&engine, id).await, Status::Completed);
        }
        assert_eq!(schedule.info().await.unwrap().started, 1, "{overlap:?}: those are none of its times");
    }
}

#[tokio::test]
async fn a_trigger_runs_to_its_end_though_the_caller_stops_waiting() {
    let engine = builder().workflow(quick).start().await.unwrap();
    let schedule = engine.schedule("rare");
    schedule.set(Schedule::every(DAY).limit(1), quick, ()).await.unwrap();
    started(&engine, "rare", 1).await;
    let mut trigger = Box::pin(schedule.trigger());
    assert!(futures_util::poll!(&mut trigger).is_pending(), "the commit is under way");
    drop(trigger);
    until(async || {
        let ended = RunFilter::all().label("schedule", "rare").status(Status::Completed);
        engine.list(ended).await.unwrap().len() == 2
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_stops_changes_no_schedule() {
    let engine = builder().workflow(quick).start().await.unwrap();
    let schedule = engine.schedule("rare");
    let once = || Schedule::every(DAY).limit(1);
    schedule.set(once(), quick, ()).await.unwrap();
    engine.shutdown(DAY).await.unwrap();
    for refused in [
        schedule.trigger().await.map(drop),
        schedule.set(once().limit(2), quick, ()).await.map(drop),
        schedule.pause("").await,
        schedule.resume().await,
        schedule.backfill(at(0)..at(9)).await.map(drop),
        schedule.delete().await,
    ] {
        assert!(matches!(refused, Err(EngineError::ShuttingDown)), "{refused:?}");
    }
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
