//! Schedules on databases that fail, refuse, and lose answers and leases.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

use crate::faulty::{Hooked, failure};
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use steadfast::prelude::*;
use steadfast::store::backend::{Fire, Rejected, Write};
use steadfast::store::{MemoryStore, Store};
use steadfast::{Engine, FiringOutcome, Message, Overlap, Schedule, ScheduleInfo, Status};

const HOUR: Duration = Duration::from_hours(1);

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

/// Returns a store in memory that answers some firings itself.
fn rejecting(reject: impl Fn(&Fire) -> Option<Rejected> + Send + Sync + 'static) -> Hooked {
    Hooked::new(MemoryStore::new(), move |store: &MemoryStore, writes: &[Write]| {
        let answer = |write: &Write| match write {
            Write::Fire(fire) => match reject(fire) {
                Some(rejected) => Ok(Err(rejected)),
                None => store.commit(std::slice::from_ref(write)).map(|mut answers| answers.remove(0)),
            },
            _ => store.commit(std::slice::from_ref(write)).map(|mut answers| answers.remove(0)),
        };
        writes.iter().map(answer).collect()
    })
}

async fn started(engine: &Engine, schedule: &str, count: u64) -> ScheduleInfo {
    let schedule = engine.schedule(schedule);
    until(async || schedule.info().await.expect("it is there").started >= count).await;
    schedule.info().await.expect("it is there")
}

#[tokio::test]
async fn a_schedule_that_the_database_refuses_delays_no_other() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let store = rejecting(move |fire| {
        (fire.schedule == "refused").then(|| {
            counted.fetch_add(1, Ordering::SeqCst);
            Rejected::Refused("its input is one that no database takes".to_owned())
        })
    });
    let engine = Engine::builder().store(store).skip_sleeps().workflow(quick).start().await.unwrap();
    engine.schedule("refused").set(Schedule::every(HOUR).limit(1), quick, ()).await.unwrap();
    let odd = Schedule::every(HOUR).phase(Duration::from_millis(1_234_567)).limit(3);
    engine.schedule("good").set(odd, quick, ()).await.unwrap();
    for firing in started(&engine, "good", 3).await.last {
        assert_eq!(firing.at, firing.nominal);
    }
    let tries = tries.load(Ordering::SeqCst);
    assert!((1..20).contains(&tries), "once in each look, and not each second: {tries}");
    let error = engine.schedule("refused").trigger().await.expect_err("refused").to_string();
    assert_eq!(error, "schedule `refused`: its input is one that no database takes");
}

#[tokio::test]
async fn an_engine_that_has_lost_its_lease_fires_nothing_again_and_again() {
    let (lost, tries) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
    let (is_lost, noted) = (lost.clone(), tries.clone());
    let store = rejecting(move |fire| {
        noted.lock().unwrap().push(Instant::now());
        // As if another engine had taken it over.
        (is_lost.load(Ordering::SeqCst) && fire.run.lease.is_some()).then_some(Rejected::Fenced)
    });
    let engine = Engine::builder().store(store).workflow(quick).start().await.unwrap();
    let often = Schedule::every(Duration::from_millis(300)).limit(3).overlap(Overlap::Allow);
    engine.schedule("often").set(often, quick, ()).await.unwrap();
    until(async || tries.lock().unwrap().len() > 2).await;
    let moments: Vec<Instant> = tries.lock().unwrap().iter().take(3).copied().collect();
    let pause = moments[2] - moments[1];
    assert!(pause > Duration::from_millis(900), "the third try comes after a second, not after {pause:?}");
    // What a person asks for is left to the engine that looks for it: this one, as it is.
    let run = engine.schedule("often").trigger().await.unwrap().expect("it starts");
    until(async || run.status().await.unwrap().status == Status::Completed).await;
    lost.store(false, Ordering::SeqCst);
    started(&engine, "often", 3).await;
}

#[tokio::test]
async fn a_time_that_waits_is_not_forgotten_when_its_schedule_cannot_be_read() {
    let (ended, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (ends, fails, has_failed) = (ended.clone(), ended, failed.clone());
    let store = Hooked::new(MemoryStore::new(), move |store: &MemoryStore, writes: &[Write]| {
        let is_end = |write: &Write| matches!(write, Write::Append(append) if append.change.release);
        if writes.iter().any(is_end) {
            ends.store(true, Ordering::SeqCst);
        }
        store.commit(writes)
    });
    let store = store.due(move || {
        if fails.swap(false, Ordering::SeqCst) && !has_failed.swap(true, Ordering::SeqCst) {
            return Err(failure());
        }
        Ok(())
    });
    let engine = Engine::builder().store(store).skip_sleeps().workflow(held).start().await.unwrap();
    let schedule = engine.schedule("rare");
    schedule.set(Schedule::every(HOUR).limit(1).overlap(Overlap::BufferAll), held, ()).await.unwrap();
    started(&engine, "rare", 1).await;
    assert!(schedule.trigger().await.unwrap().is_none(), "it waits");
    let run = engine.run("rare@2020-01-01T01:00:00Z").await.unwrap();
    run.send(End).await.unwrap();
    until(async || schedule.info().await.unwrap().waiting.is_empty()).await;
    assert!(failed.load(Ordering::SeqCst), "the read has failed");
    // Without the end of the run, it is looked at once a day.
    let ended = run.status().await.unwrap().changed_at;
    let waited = schedule.info().await.unwrap().last[1].at.duration_since(ended).unwrap();
    assert!(waited < Duration::from_secs(5), "it waited for {waited:?}");
}

#[tokio::test]
async fn a_trigger_whose_answer_is_lost_returns_its_run() {
    let store = Hooked::new(MemoryStore::new(), |store: &MemoryStore, writes: &[Write]| {
        let answers = store.commit(writes)?;
        if writes.iter().any(|write| matches!(write, Write::Fire(_))) { Err(failure()) } else { Ok(answers) }
    });
    let engine = Engine::builder().store(store).workflow(quick).start().await.unwrap();
    let schedule = engine.schedule("rare");
    schedule.set(Schedule::every(1_000 * HOUR), quick, ()).await.unwrap();
    let run = schedule.trigger().await.unwrap().expect("it was written");
    assert!(run.id().starts_with("rare@"));
    engine.handle(quick, run.id()).await.unwrap().result().soon().await.unwrap();
    let outcome = schedule.info().await.unwrap().last.remove(0).outcome;
    assert_eq!(outcome, FiringOutcome::Started { run: run.id().to_owned() });
}
