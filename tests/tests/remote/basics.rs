//! What a remote step sees and returns.

use crate::place::{ENDING, Place, on_both};
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::{AttemptCause, Run, Status, StepError, WaitsFor};

#[derive(StepContext, Clone, Debug)]
struct Job {
    tenant: String,
    #[context(default)]
    done: u32,
}

/// Says what it sees.
#[step(queue = "gpu")]
async fn embed(job: &Job, scope: &StepScope, text: String) -> Result<String> {
    let current = steadfast::context::<Job>().map(|job| job.tenant.clone());
    assert_eq!(current.unwrap(), job.tenant);
    Ok(format!("{}/{}/{text}/{}", job.tenant, job.done, scope.attempt))
}

#[workflow(context = Job)]
async fn index(start: Start<Job>, tenant: String) -> Result<Vec<String>> {
    let mut flow = start.with(Job::builder().tenant(tenant).build()).await?;
    let first = embed(&flow, "one".to_owned()).await?;
    flow.update(|job| job.done(1)).await?;
    let (second, third) = (embed(&flow, "two".to_owned()), embed(&flow, "three".to_owned()));
    let (second, third) = try_join!(second, third)?;
    Ok(vec![first, second, third])
}

on_both! {
    async fn a_step_on_another_engine_sees_the_context_of_its_call(place: Place) {
        let engine = place.builder().workflow(index).start().await.unwrap();
        let run = engine.start(index, "acme".to_owned()).await.unwrap();
        let worker = place.builder().serve("gpu", 2).step::<embed>().start().await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), ["acme/0/one/1", "acme/1/two/1", "acme/1/three/1"]);
        let workers = engine.workers().await.unwrap();
        assert_eq!(workers[1].queues, [("gpu".to_owned(), 2)]);
        worker.shutdown(ENDING).await.unwrap();
        engine.shutdown(ENDING).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_engine_may_do_both() {
    let engine = Engine::builder().in_memory().workflow(index).serve("gpu", 2).step::<embed>().start().await.unwrap();
    let run = engine.start(index, "acme".to_owned()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap()[2], "acme/1/three/1");
}

/// Returns the queue for which a run waits: its name, whether it is served, and why an engine refused.
async fn queue(run: &Run) -> Option<(String, bool, Option<String>)> {
    let waits = run.status().await.unwrap().waits_for;
    waits.into_iter().find_map(|wait| match wait.for_what {
        WaitsFor::Queue { queue, served, refused, .. } => Some((queue, served, refused)),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_nobody_serves_is_named() {
    let place = Place::file();
    let engine = place.builder().workflow(index).start().await.unwrap();
    let run = engine.start(index, "acme".to_owned()).await.unwrap();
    until(async || queue(&run).await.is_some()).await;
    assert_eq!(queue(&run).await, Some(("gpu".to_owned(), false, None)));
    let wait = run.status().await.unwrap().waits_for.remove(0);
    assert_eq!(wait.for_what.to_string(), "an engine for step `embed`: none serves queue `gpu` with it");
    assert_eq!(
        wait.help(),
        "start an engine that serves queue `gpu` and has the step: `.serve(\"gpu\", ..).step::<embed>()`"
    );
    // A step of that queue that it lacks.
    let other = place.builder().serve("gpu", 2).step::<failing>().start().await.unwrap();
    assert_eq!(queue(&run).await, Some(("gpu".to_owned(), false, None)));
    let worker = place.builder().serve("gpu", 2).step::<embed>().start().await.unwrap();
    run.result().soon().await.unwrap();
    for engine in [engine, other, worker] {
        engine.shutdown(ENDING).await.unwrap();
    }
}

/// Fails in a way for each attempt.
#[step(queue = "gpu", timeout = "5s", retry(attempts = 4, backoff = "1ms"))]
async fn failing(scope: &StepScope) -> Result<u32> {
    match scope.attempt {
        1 => Err(Error::msg("no luck")),
        2 => panic!("out of luck"),
        3 => {
            assert!(scope.deadline.is_some());
            scope.cancellation.cancelled().await;
            Ok(0)
        }
        attempt => Ok(attempt),
    }
}

/// An error with a type of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct TooLarge(u32);

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is too large", self.0)
    }
}

impl std::error::Error for TooLarge {}

#[step(queue = "gpu")]
async fn hopeless(n: u32) -> std::result::Result<u32, TooLarge> {
    Err(TooLarge(n))
}

#[workflow]
async fn trying(flow: &mut Flow) -> Result<(u32, u32)> {
    let attempt = failing(flow).await?;
    match hopeless(flow, 7).await {
        Err(StepError::Failed(TooLarge(n), _)) => Ok((attempt, n)),
        other => Err(Error::msg(format!("{other:?}"))),
    }
}

on_both! {
    async fn attempts_errors_panics_and_time_limits_are_those_of_a_local_step(place: Place) {
        let engine = place.builder().workflow(trying).start().await.unwrap();
        let worker = place.builder().serve("gpu", 2).step::<failing>().step::<hopeless>().start().await.unwrap();
        let run = engine.start(trying, ()).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), (4, 7));
        let history = run.history().await.unwrap();
        let failures: Vec<(Option<u32>, AttemptCause)> = history
            .iter()
            .filter(|entry| entry.kind.as_str() == "attempt_failed")
            .map(|entry| {
                let failure: serde_json::Value = serde_json::from_slice(&entry.value.as_ref().unwrap().bytes).unwrap();
                (entry.attempt, serde_json::from_value(failure["cause"].clone()).unwrap())
            })
            .collect();
        let expected = [(1, AttemptCause::Failed), (2, AttemptCause::Panicked), (3, AttemptCause::TimedOut)];
        assert_eq!(failures, expected.map(|(attempt, cause)| (Some(attempt), cause)));
        worker.shutdown(ENDING).await.unwrap();
    }
}

static STARTED: AtomicU32 = AtomicU32::new(0);
static CANCELLED: AtomicU32 = AtomicU32::new(0);

/// Waits until it is cancelled.
#[step(queue = "gpu")]
async fn endless(scope: &StepScope) -> Result<()> {
    STARTED.fetch_add(1, Ordering::SeqCst);
    scope.cancellation.cancelled().await;
    CANCELLED.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

#[workflow]
async fn waiting(flow: &mut Flow) -> Result<()> {
    Ok(endless(flow).await?)
}

#[derive(Serialize, Deserialize, Message)]
struct Enough;

/// Drops the call of a step once a message has come.
#[workflow]
async fn racing(flow: &mut Flow) -> Result<u32> {
    let mut endless = endless(flow);
    let mut enough = flow.receive::<Enough>();
    select_biased! {
        _ = endless => return Err(Error::msg("it has no end")),
        came = enough => came?,
    };
    drop(endless);
    Ok(5)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_or_dropped_cancels_the_body_and_frees_its_slot() {
    let place = Place::file();
    let engine = place.builder().workflow(waiting).workflow(racing).start().await.unwrap();
    let worker = place.builder().serve("gpu", 1).step::<endless>().start().await.unwrap();
    let run = engine.start(waiting, ()).await.unwrap();
    until(async || STARTED.load(Ordering::SeqCst) == 1).await;
    run.cancel("enough").await.unwrap();
    run.result().soon().await.unwrap_err();
    assert_eq!(run.status().await.unwrap().status, Status::Cancelled);
    until(async || CANCELLED.load(Ordering::SeqCst) == 1).await;
    let run = engine.start(racing, ()).await.unwrap();
    until(async || STARTED.load(Ordering::SeqCst) == 2).await;
    run.send(Enough).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 5);
    until(async || CANCELLED.load(Ordering::SeqCst) == 2).await;
    // One that waits is never started.
    let first = engine.start(waiting, ()).await.unwrap();
    until(async || STARTED.load(Ordering::SeqCst) == 3).await;
    let second = engine.start(waiting, ()).await.unwrap();
    until(async || queue(&second).await == Some(("gpu".to_owned(), true, None))).await;
    second.cancel("not yours").await.unwrap();
    second.result().soon().await.unwrap_err();
    first.cancel("enough").await.unwrap();
    first.result().soon().await.unwrap_err();
    worker.shutdown(ENDING).await.unwrap();
    engine.shutdown(ENDING).await.unwrap();
    assert_eq!((STARTED.load(Ordering::SeqCst), CANCELLED.load(Ordering::SeqCst)), (3, 3));
}

static KEYS: Mutex<Vec<(u32, String)>> = Mutex::new(Vec::new());

/// Ends in its second attempt only.
#[step(queue = "gpu")]
async fn second_time(scope: &StepScope) -> Result<u32> {
    KEYS.lock().unwrap().push((scope.attempt, scope.idempotency_key()));
    if scope.attempt == 1 {
        scope.cancellation.cancelled().await;
        std::future::pending::<()>().await;
    }
    Ok(scope.attempt)
}

#[workflow]
async fn twice(flow: &mut Flow) -> Result<u32> {
    Ok(second_time(flow).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_stops_leaves_the_attempt_to_another() {
    let place = Place::file();
    let engine = place.builder().workflow(twice).start().await.unwrap();
    let serving = || place.builder().serve("gpu", 1).step::<second_time>().cancellation_grace(Duration::ZERO);
    let first = serving().start().await.unwrap();
    let run = engine.start(twice, ()).await.unwrap();
    until(async || !KEYS.lock().unwrap().is_empty()).await;
    let second = serving().start().await.unwrap();
    assert!(!first.shutdown(Duration::ZERO).await.unwrap().finished);
    assert_eq!(run.result().soon().await.unwrap(), 2);
    let keys = KEYS.lock().unwrap().clone();
    assert_eq!(keys.iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(keys[0].1, keys[1].1, "the key is that of the call");
    second.shutdown(ENDING).await.unwrap();
}
