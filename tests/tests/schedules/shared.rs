//! Several engines on one database: whichever decides a time first has it.

use crate::place::{ENDING, Place, on_both};
use futures_util::future::try_join_all;
use limits::{Soon as _, until};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::SystemTime;
use steadfast::prelude::*;
use steadfast::{Engine, FiringOutcome, Missed, Overlap, RunFilter, Schedule, Status, Tick};

/// The nominal times that each run of a database has seen, by the name of the schedule.
static SEEN: Mutex<Vec<(String, SystemTime)>> = Mutex::new(Vec::new());

/// How many schedules are due at once.
const MANY: usize = 600;

#[step]
async fn note(tick: Tick) -> Result<()> {
    SEEN.lock().unwrap().push((tick.schedule, tick.nominal));
    Ok(())
}

#[workflow]
async fn noted(flow: &mut Flow, tick: Tick) -> Result<()> {
    note(flow, tick).await?;
    Ok(())
}

#[workflow]
async fn other(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

/// Returns the times that a schedule has started, each of which must be there once.
fn seen(schedule: &str) -> Vec<SystemTime> {
    let seen = SEEN.lock().unwrap();
    let times: Vec<_> = seen.iter().filter(|(of, _)| of == schedule).map(|(_, nominal)| *nominal).collect();
    let different: BTreeSet<_> = times.iter().collect();
    assert_eq!(different.len(), times.len(), "a time has started two runs: {times:?}");
    times
}

async fn ended(engine: &Engine, schedule: &str, count: usize) {
    let filter = || RunFilter::all().label("schedule", schedule).status(Status::Completed);
    until(async || engine.list(filter()).await.expect("a list").len() >= count).await;
}

on_both! {
    async fn several_engines_fire_each_time_once(place: Place) {
        let name = format!("often on {}", place.name());
        let mut engines = Vec::new();
        for _ in 0..3 {
            engines.push(place.builder().workflow(noted).start().await.expect("an engine"));
        }
        let often = Schedule::every(Duration::from_millis(50)).overlap(Overlap::Allow).limit(40);
        engines[0].schedule(&name).set(often, noted, ()).await.expect("created");
        ended(&engines[1], &name, 40).await;
        let times = seen(&name);
        assert_eq!(times.len(), 40);
        let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert_eq!(last.duration_since(*first).unwrap(), Duration::from_millis(39 * 50), "none is missing");
        for engine in engines {
            engine.shutdown(ENDING).await.expect("an orderly end");
        }
    }

    async fn many_schedules_that_are_due_at_once_are_fired_once_by_several_engines(place: Place) {
        let prefix = format!("many on {} ", place.name());
        let mut engines = Vec::new();
        for _ in 0..3 {
            engines.push(place.builder().workflow(noted).max_claimed(100).start().await.expect("an engine"));
        }
        // Each engine creates a part. All are due at the next multiple of the interval, or, created later, at the one after.
        let names: Vec<String> = (0..MANY).map(|n| format!("{prefix}{n}")).collect();
        let once = || Schedule::every(Duration::from_secs(5)).limit(1);
        let handles: Vec<_> = names.iter().zip(engines.iter().cycle()).map(|(name, engine)| engine.schedule(name)).collect();
        try_join_all(handles.iter().map(|schedule| schedule.set(once(), noted, ()))).await.expect("created");
        until(async || {
            let seen = SEEN.lock().unwrap();
            seen.iter().filter(|(of, _)| of.starts_with(&prefix)).count() >= MANY
        })
        .await;
        for name in &names {
            assert_eq!(seen(name).len(), 1, "{name}");
        }
        for engine in engines {
            engine.shutdown(ENDING).await.expect("an orderly end");
        }
    }

    async fn a_backfill_of_a_time_long_ago_waits_no_longer_for_runs_of_other_engines(place: Place) {
        let name = format!("long ago on {}", place.name());
        // It fires, and has no room for the runs.
        let firing = place.builder().workflow(noted).max_claimed(0).start().await.expect("an engine");
        let driving = place.builder().workflow(noted).start().await.expect("an engine");
        let schedule = firing.schedule(&name);
        let yearly = Schedule::cron("0 0 1 1 *").missed(Missed::Skip);
        schedule.set(yearly, noted, ()).await.expect("created");
        let year = |year: u64| SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * year);
        assert_eq!(schedule.backfill(year(1)..year(5)).await.expect("a range"), 4);
        // From 1971 on, one after the other.
        ended(&driving, &name, 4).await;
        assert_eq!(seen(&name).len(), 4);
        for engine in [firing, driving] {
            engine.shutdown(ENDING).await.expect("an orderly end");
        }
    }

    async fn a_schedule_waits_for_an_engine_with_its_workflow(place: Place) {
        let name = format!("waiting on {}", place.name());
        let creator = place.builder().workflow(noted).start().await.expect("an engine");
        creator.schedule(&name).set(Schedule::every(Duration::from_secs(1)).limit(1), noted, ()).await.expect("created");
        creator.schedule(&name).pause("until the other one is alone").await.expect("paused");
        creator.shutdown(ENDING).await.expect("an orderly end");

        let engine = place.builder().workflow(other).start().await.expect("an engine");
        let schedule = engine.schedule(&name);
        let before = schedule.info().await.expect("it is there");
        let blocked = before.blocked.expect("it is blocked");
        assert!(blocked.contains("no engine has version 1 of workflow `noted`"), "{blocked}");
        schedule.resume().await.expect("resumed");
        until(async || engine.health().await.schedules == [name.clone()]).await;
        let overdue = schedule.info().await.expect("it is there");
        assert!(overdue.blocked.is_some() && overdue.last.is_empty() && seen(&name).is_empty(), "{overdue:?}");

        let late = place.builder().workflow(noted).start().await.expect("an engine");
        ended(&late, &name, 1).await;
        until(async || schedule.info().await.expect("it is there").blocked.is_none()).await;
        assert!(late.health().await.schedules.is_empty());
        for engine in [engine, late] {
            engine.shutdown(ENDING).await.expect("an orderly end");
        }
    }

    async fn a_client_creates_changes_and_triggers_a_schedule(place: Place) {
        let name = format!("remote on {}", place.name());
        let client = place.builder().client().start().await.expect("a client");
        let schedule = client.schedule(&name);
        let daily = || Schedule::every(Duration::from_hours(24)).phase(Duration::from_hours(13));
        assert!(schedule.set(daily(), noted, ()).await.expect("created"));
        assert!(!schedule.set(daily(), noted, ()).await.expect("the same"));
        let run = schedule.trigger().soon().await.expect("triggered").expect("a run");
        assert_eq!(run.status().await.expect("its status").status, Status::Running, "a client drives nothing");
        let worker = place.builder().workflow(noted).start().await.expect("an engine");
        ended(&client, &name, 1).await;
        assert_eq!(seen(&name).len(), 1);
        // A schedule that is changed by a client is followed by the worker.
        let often = Schedule::every(Duration::from_millis(100)).overlap(Overlap::Allow).limit(2);
        assert!(schedule.set(often, noted, ()).await.expect("changed"));
        ended(&client, &name, 3).await;
        let info = schedule.info().await.expect("it is there");
        assert_eq!((info.started, info.last.len()), (2, 3), "one was triggered");
        assert!(info.last.iter().all(|firing| matches!(firing.outcome, FiringOutcome::Started { .. })));
        schedule.delete().await.expect("deleted");
        assert!(schedule.info().await.is_err());
        assert_eq!(client.list(RunFilter::all().label("schedule", &name)).await.expect("a list").len(), 3);
        worker.shutdown(ENDING).await.expect("an orderly end");
    }
}
