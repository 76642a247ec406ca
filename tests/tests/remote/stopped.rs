//! Engines that stop, bodies past their time limit, and what an engine keeps of a run afterwards.

use crate::place::{ENDING, Place};
use limits::{Soon as _, until};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::{Run, WaitsFor};

static ATTEMPTS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

#[step(queue = "far")]
async fn sixth_time(scope: &StepScope) -> Result<u32> {
    ATTEMPTS.lock().unwrap().push(scope.attempt);
    if scope.attempt < 6 {
        std::future::pending::<()>().await;
    }
    Ok(scope.attempt)
}

#[workflow]
async fn trying(flow: &mut Flow) -> Result<u32> {
    Ok(sixth_time(flow).await?)
}

/// Returns the attempt that waits for an engine.
async fn waiting(run: &Run) -> Option<u32> {
    let waits = run.status().await.unwrap().waits_for;
    waits.into_iter().find_map(|wait| match wait.for_what {
        WaitsFor::Queue { attempt, .. } => Some(attempt),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_that_stop_in_order_cost_the_next_attempt_no_wait() {
    let place = Place::file();
    let engine = place.builder().workflow(trying).start().await.unwrap();
    let run = engine.start(trying, ()).await.unwrap();
    for attempt in 1..=5 {
        let serving = place.builder().serve("far", 1).step::<sixth_time>().cancellation_grace(Duration::ZERO);
        let worker = serving.start().await.unwrap();
        until(async || ATTEMPTS.lock().unwrap().last() == Some(&attempt)).await;
        worker.shutdown(Duration::ZERO).await.unwrap();
        until(async || waiting(&run).await == Some(attempt + 1)).await;
        let file = rusqlite::Connection::open(place.name()).unwrap();
        let wait = "SELECT max(due) - CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM steadfast_tasks";
        let wait: i64 = file.query_row(wait, [], |row| row.get(0)).unwrap();
        assert!(wait <= 0, "attempt {} waits for {wait} ms", attempt + 1);
    }
    let worker = place.builder().serve("far", 1).step::<sixth_time>().start().await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 6);
    assert_eq!(*ATTEMPTS.lock().unwrap(), [1, 2, 3, 4, 5, 6]);
    for engine in [worker, engine] {
        engine.shutdown(ENDING).await.unwrap();
    }
}

static IS_HELD: AtomicBool = AtomicBool::new(true);
static BLOCKED: AtomicU32 = AtomicU32::new(0);
static BESIDE: AtomicU32 = AtomicU32::new(0);

/// Blocks its thread past its time limit.
#[step(queue = "press", blocking, timeout = "50ms")]
fn blocks() -> Result<()> {
    BLOCKED.fetch_add(1, Ordering::SeqCst);
    limits::hold_until(|| !IS_HELD.load(Ordering::SeqCst));
    BLOCKED.fetch_sub(1, Ordering::SeqCst);
    Ok(())
}

#[step(queue = "press")]
async fn prints() -> Result<()> {
    assert_eq!(BLOCKED.load(Ordering::SeqCst), 0, "two bodies in one slot");
    BESIDE.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

#[workflow]
async fn pressing(flow: &mut Flow) -> Result<()> {
    blocks(flow).await.unwrap_err();
    let prints = prints(flow);
    Ok(prints.await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slot_of_a_body_past_its_time_limit_is_free_when_it_has_ended() {
    let place = Place::file();
    let engine = place.builder().workflow(pressing).start().await.unwrap();
    let worker = place.builder().serve("press", 1).step::<blocks>().step::<prints>().start().await.unwrap();
    let run = engine.start(pressing, ()).await.unwrap();
    // The run has the outcome before the body has ended.
    until(async || {
        let waits = run.status().await.unwrap().waits_for;
        let next = |wait: &WaitsFor| match wait {
            WaitsFor::Queue { step, .. } | WaitsFor::Step { name: step, .. } => step == "prints",
            _ => false,
        };
        BESIDE.load(Ordering::SeqCst) > 0 || waits.iter().any(|wait| next(&wait.for_what))
    })
    .await;
    // Engines look for tasks five times within a lease term.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(BESIDE.load(Ordering::SeqCst), 0, "the only slot is in use");
    IS_HELD.store(false, Ordering::SeqCst);
    run.result().soon().await.unwrap();
    for engine in [worker, engine] {
        engine.shutdown(ENDING).await.unwrap();
    }
}

static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Model;

impl Drop for Model {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

async fn load_model(_: &LabStored, _: &Resources) -> Result<Arc<Model>> {
    Ok(Arc::new(Model))
}

#[derive(StepContext, Clone)]
struct Lab {
    name: String,
    #[context(transient, restore = load_model)]
    model: Arc<Model>,
}

#[step(queue = "lab")]
async fn experiment(lab: &Lab) -> Result<usize> {
    Ok(Arc::strong_count(&lab.model).min(1) + lab.name.len())
}

#[workflow(context = Lab)]
async fn research(start: Start<Lab>) -> Result<usize> {
    let flow = start.with(Lab::builder().name("x".to_owned()).build()).await?;
    Ok(experiment(&flow).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn live_values_of_a_run_whose_steps_have_ended_are_dropped() {
    let place = Place::file();
    let engine = place.builder().workflow(research).start().await.unwrap();
    let worker = place.builder().serve("lab", 1).step::<experiment>().evict_after(Duration::from_millis(50));
    let worker = worker.start().await.unwrap();
    let run = engine.start(research, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 2);
    until(async || DROPPED.load(Ordering::SeqCst) == 1).await;
    for engine in [worker, engine] {
        engine.shutdown(ENDING).await.unwrap();
    }
}
