//! Commits whose answers are lost: their effects on other runs happen all the same (case D13).

use crate::faulty::{Hooked, failure};
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::{Message, Overlap, RunFilter, Schedule, Status, Tick};

#[derive(Message, Serialize, Deserialize)]
struct Note(u64);

#[step]
async fn double(n: u64) -> Result<u64> {
    Ok(2 * n)
}

#[workflow]
async fn child(flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(double(flow, n).await?)
}

#[workflow]
async fn parent(flow: &mut Flow, n: u64) -> Result<u64> {
    let first = flow.start(child, n).await.await?;
    Ok(flow.start(child, first).await.await?)
}

#[workflow]
async fn countdown(flow: &mut Flow, n: u64) -> Result<u64> {
    if n == 0 {
        return Ok(0);
    }
    flow.continue_as_new(countdown, n - 1).await
}

#[workflow]
async fn listens(flow: &mut Flow, n: u64) -> Result<u64> {
    let mut sum = 0;
    for _ in 0..n {
        sum += flow.receive::<Note>().await?.0;
    }
    Ok(sum)
}

#[workflow]
async fn sends(flow: &mut Flow, to: String) -> Result<()> {
    for n in 1..4 {
        flow.send(to.clone(), Note(n)).await?;
    }
    Ok(())
}

crate::tests_on!(memory, postgres:
    runs_that_wait_for_each_other_go_on, each_time_of_a_schedule_is_fired_once_though_answers_are_lost);

async fn runs_that_wait_for_each_other_go_on(place: Place) {
    for kept in 0..3 {
        let appends = Arc::new(AtomicUsize::new(kept));
        // The answer to every third append is lost.
        let store = Hooked::over(place.store(), move |store, writes| {
            let answers = store.commit(writes)?;
            let is_append = writes.iter().any(|write| matches!(write, Write::Append(_)));
            if is_append && appends.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) {
                Err(failure())
            } else {
                Ok(answers)
            }
        });
        let builder = Engine::builder().store(store).max_loads(1_000).workflow(parent).workflow(child);
        let engine = builder.workflow(countdown).workflow(listens).workflow(sends).start().await.unwrap();
        let soon = Duration::from_secs(20);
        let run = engine.start(parent, 3).await.unwrap();
        assert_eq!(tokio::time::timeout(soon, run.result()).await.expect("the child is driven").unwrap(), 12);
        let run = engine.start(countdown, 3).await.unwrap();
        assert_eq!(tokio::time::timeout(soon, run.result()).await.expect("the next is driven").unwrap(), 0);
        let run = engine.start(listens, 3).await.unwrap();
        engine.start(sends, run.id().to_owned()).await.unwrap();
        assert_eq!(tokio::time::timeout(soon, run.result()).await.expect("the caller hears of it").unwrap(), 6);
    }
}

#[workflow]
async fn ticked(flow: &mut Flow, tick: Tick) -> Result<String> {
    double(flow, 1).await?;
    Ok(tick.schedule)
}

async fn each_time_of_a_schedule_is_fired_once_though_answers_are_lost(place: Place) {
    let fires = Arc::new(AtomicUsize::new(0));
    // The answer to every second firing is lost, and every fifth one is not written.
    let store = Hooked::over(place.store(), move |store, writes| {
        if !writes.iter().any(|write| matches!(write, Write::Fire(_))) {
            return store.commit(writes);
        }
        let count = fires.fetch_add(1, Ordering::SeqCst);
        if count % 5 == 4 {
            return Err(failure());
        }
        let answers = store.commit(writes)?;
        if count.is_multiple_of(2) { Err(failure()) } else { Ok(answers) }
    });
    let engine = Engine::builder().store(store).max_loads(1_000).workflow(ticked).start().await.unwrap();
    let often = Schedule::every(Duration::from_millis(100)).overlap(Overlap::Allow).limit(12);
    engine.schedule("often").set(often, ticked, ()).await.unwrap();
    let ended = || RunFilter::all().label("schedule", "often").status(Status::Completed);
    limits::until(async || engine.list(ended()).await.unwrap().len() == 12).await;
    let runs = engine.list(RunFilter::all()).await.unwrap();
    assert_eq!(runs.len(), 12, "each has one run");
    let info = engine.schedule("often").info().await.unwrap();
    assert_eq!((info.started, info.next.len()), (12, 0));
}
