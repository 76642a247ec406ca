//! What becomes of times at which no engine was there, in simulated time.

use crate::simulated::{BEGINNING, DAY, HOUR, at};
use limits::{Soon as _, until};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use steadfast::prelude::*;
use steadfast::{Engine, EngineBuilder, FiringOutcome, Missed, Overlap, Schedule, ScheduleInfo};

#[workflow]
async fn quick(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(name = "quick", version = 2)]
async fn quicker(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

/// Takes ten hours and a half.
#[workflow]
async fn sleeping(flow: &mut Flow) -> Result<()> {
    Ok(flow.sleep(Duration::from_mins(630)).await?)
}

fn on_file(path: &Path) -> EngineBuilder {
    Engine::builder().sqlite(path).skip_sleeps()
}

fn rule(policy: Missed) -> Schedule {
    Schedule::every(HOUR).end(at(3 * 3_600 + 1)).overlap(Overlap::Allow).missed(policy)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Has an hourly schedule be without an engine for ten hours, up to the beginning.
async fn left_alone(folder: &Path, policy: Missed) -> PathBuf {
    let path = folder.join("missed.db");
    let engine = on_file(&path).workflow(quick).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    // The pause keeps it from firing before the file is changed.
    schedule.set(rule(policy), quick, ()).await.unwrap();
    schedule.pause("until the file is changed").await.unwrap();
    engine.shutdown(DAY).await.unwrap();
    let now = i64::try_from(BEGINNING).unwrap() * 1_000;
    let state = format!("{{\"decided\": {}}}", now - 10 * 3_600_000);
    change(&path, "UPDATE steadfast_schedules SET state = ?1, due = ?2", rusqlite::params![state, now - 9 * 3_600_000]);
    path
}

fn change(path: &Path, change: &str, parameters: &[&dyn rusqlite::ToSql]) {
    let db = rusqlite::Connection::open(path).unwrap();
    assert_eq!(db.execute(change, parameters).unwrap(), 1);
}

/// Returns by how many hours a moment lies after the beginning.
fn hours(moment: SystemTime) -> i64 {
    let since = moment.duration_since(at(0) - 24 * HOUR).unwrap();
    i64::try_from(since.as_secs() / 3_600).unwrap() - 24
}

fn firings(info: &ScheduleInfo) -> Vec<(i64, &'static str, u64)> {
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

/// Has the times of ten hours be missed, and fires three times more.
async fn missed(policy: Missed) -> Vec<(i64, &'static str, u64)> {
    let folder = folder();
    let path = left_alone(folder.path(), policy).await;
    let engine = on_file(&path).workflow(quick).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    until(async || schedule.info().await.unwrap().next.is_empty()).await;
    let info = schedule.info().await.unwrap();
    engine.shutdown(DAY).await.unwrap();
    firings(&info)
}

const LATEST: [(i64, &str, u64); 5] =
    [(-9, "missed", 9), (0, "started", 1), (1, "started", 1), (2, "started", 1), (3, "started", 1)];

#[tokio::test]
async fn the_latest_of_the_missed_times_starts_its_run() {
    assert_eq!(missed(Missed::Latest).await, LATEST);
}

#[tokio::test]
async fn missed_times_start_nothing() {
    // The time that is due at this moment is not missed.
    assert_eq!(missed(Missed::Skip).await, LATEST);
}

#[tokio::test]
async fn missed_times_within_a_window_start_their_runs() {
    let fired = missed(Missed::Within(3 * HOUR)).await;
    let started = |hour| (hour, "started", 1);
    let expected: Vec<_> = std::iter::once((-9, "missed", 6)).chain((-3..=3).map(started)).collect();
    assert_eq!(fired, expected);
}

#[tokio::test]
async fn a_new_version_of_the_workflow_makes_up_what_was_missed() {
    let folder = folder();
    let path = left_alone(folder.path(), Missed::Latest).await;
    let engine = on_file(&path).workflow(quicker).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    assert!(schedule.set(rule(Missed::Latest), quicker, ()).await.unwrap(), "it is another version");
    until(async || schedule.info().await.unwrap().next.is_empty()).await;
    let info = schedule.info().await.unwrap();
    assert_eq!((firings(&info), info.version), (LATEST.to_vec(), 2));
    engine.shutdown(DAY).await.unwrap();
}

#[tokio::test]
async fn other_times_make_up_nothing_of_the_past() {
    let folder = folder();
    let path = left_alone(folder.path(), Missed::Latest).await;
    let engine = on_file(&path).workflow(quicker).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    assert!(schedule.set(rule(Missed::Latest).phase(HOUR / 2), quicker, ()).await.unwrap());
    until(async || schedule.info().await.unwrap().next.is_empty()).await;
    let info = schedule.info().await.unwrap();
    assert_eq!(firings(&info), [(0, "started", 1), (1, "started", 1), (2, "started", 1)]);
    engine.shutdown(DAY).await.unwrap();
}

#[tokio::test]
async fn a_schedule_that_was_over_makes_up_nothing() {
    let engine = Engine::builder().in_memory().skip_sleeps().workflow(quick).workflow(sleeping).start().await.unwrap();
    let schedule = engine.schedule("hourly");
    let limited = |limit| Schedule::every(HOUR).limit(limit);
    schedule.set(limited(2), quick, ()).await.unwrap();
    until(async || schedule.info().await.unwrap().started == 2).await;
    engine.start(sleeping, ()).await.unwrap().result().soon().await.unwrap();
    schedule.set(limited(4), quick, ()).await.unwrap();
    until(async || schedule.info().await.unwrap().started == 4).await;
    let expected = [1, 2, 13, 14].map(|hour| (hour, "started", 1));
    assert_eq!(firings(&schedule.info().await.unwrap()), expected);
}

#[tokio::test]
async fn times_that_are_missed_are_not_shown_as_next() {
    for (policy, first) in [(Missed::Latest, 0), (Missed::Skip, 0), (Missed::Within(3 * HOUR), -3)] {
        let folder = folder();
        let path = left_alone(folder.path(), policy).await;
        // Without the workflow, it fires nothing.
        let engine = on_file(&path).start().await.unwrap();
        let info = engine.schedule("hourly").info().await.unwrap();
        let next: Vec<i64> = info.next.into_iter().map(hours).collect();
        assert_eq!(next, (first..=3).collect::<Vec<_>>(), "{policy:?}");
        engine.shutdown(DAY).await.unwrap();
    }
}

#[tokio::test]
async fn a_schedule_that_this_version_cannot_read_delays_no_other() {
    let folder = folder();
    let path = left_alone(folder.path(), Missed::Latest).await;
    change(&path, "UPDATE steadfast_schedules SET spec = ?1", &[&"{\"when\":\"of a later version\"}"]);
    let engine = on_file(&path).workflow(quick).start().await.unwrap();
    let unread = engine.schedule("hourly");
    let error = unread.trigger().await.expect_err("it cannot be read").to_string();
    assert!(error.starts_with("schedule `hourly`: unknown variant `of a later version`"), "{error}");
    let good = engine.schedule("good");
    let odd = Schedule::every(HOUR).phase(Duration::from_millis(1_234_567)).limit(3);
    good.set(odd, quick, ()).await.unwrap();
    until(async || good.info().await.unwrap().started == 3).await;
    for firing in good.info().await.unwrap().last {
        assert_eq!(firing.at, firing.nominal);
    }
    // A change of it is seen at once.
    assert!(unread.set(rule(Missed::Latest), quick, ()).await.unwrap());
    let trigger = unread.trigger().await.unwrap();
    assert!(trigger.is_some(), "it can be read");
    engine.shutdown(DAY).await.unwrap();
}

#[tokio::test]
async fn progress_that_this_version_cannot_read_is_kept_and_delays_no_other() {
    let folder = folder();
    let path = left_alone(folder.path(), Missed::Latest).await;
    let state = "{\"decided\":1,\"recent\":[{\"nominal\":1,\"at\":2,\"outcome\":{\"of a later version\":3}}]}";
    change(&path, "UPDATE steadfast_schedules SET state = ?1", &[&state]);
    let engine = on_file(&path).workflow(quick).start().await.unwrap();
    let good = engine.schedule("good");
    good.set(Schedule::every(HOUR).phase(Duration::from_millis(1_234_567)).limit(3), quick, ()).await.unwrap();
    until(async || good.info().await.unwrap().started == 3).await;
    assert!(good.info().await.unwrap().last.iter().all(|firing| firing.at == firing.nominal));
    let unread = engine.schedule("hourly");
    for error in [
        unread.set(rule(Missed::Skip), quick, ()).await.map(drop).expect_err("it would be lost"),
        unread.pause("").await.expect_err("it would be lost"),
        unread.trigger().await.map(drop).expect_err("it would be lost"),
    ] {
        let error = error.to_string();
        assert!(error.starts_with("schedule `hourly`: ") && error.contains("column `state`"), "{error}");
    }
    let infos = engine.schedules(None).await.unwrap();
    assert_eq!(infos.iter().map(|info| info.blocked.is_some()).collect::<Vec<_>>(), [false, true]);
    change(&path, "UPDATE steadfast_schedules SET due = due WHERE state = ?1", &[&state]);
    unread.delete().await.unwrap();
    assert_eq!(engine.schedules(None).await.unwrap().len(), 1);
    engine.shutdown(DAY).await.unwrap();
}
