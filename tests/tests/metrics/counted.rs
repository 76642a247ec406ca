//! Each way in which a step, an attempt or a run ends is counted once, under its word.

use crate::page::{attempts, count, ended, recorder, started, steps, sum, workflow_is};
use limits::Soon as _;
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{ForkPoint, Scope, Status};

#[step(retry(attempts = 2, backoff = "1ms"))]
async fn recovers(scope: &StepScope) -> Result<u32> {
    if scope.attempt == 1 { Err(Error::msg("not yet")) } else { Ok(scope.attempt) }
}

#[step(retry(attempts = 3, backoff = "1ms"))]
async fn fails() -> Result<()> {
    Err(Error::msg("never"))
}

#[step(retry(attempts = 1))]
async fn panics() -> Result<()> {
    panic!("on purpose")
}

#[step(retry(attempts = 1), timeout = "20ms")]
async fn hangs() -> Result<()> {
    std::future::pending().await
}

#[step]
async fn works() -> Result<()> {
    Ok(())
}

#[workflow]
async fn every_outcome(flow: &mut Flow) -> Result<u32> {
    let attempt = recovers(flow).await?;
    assert!(fails(flow).await.is_err() && panics(flow).await.is_err() && hangs(flow).await.is_err());
    works(flow).await?;
    Ok(attempt)
}

#[tokio::test]
async fn each_outcome_of_a_step_and_of_its_attempts_is_counted_once() {
    recorder();
    let engine = Engine::builder().in_memory().workflow(every_outcome).start().await.unwrap();
    assert_eq!(engine.start(every_outcome, ()).await.unwrap().result().soon().await.unwrap(), 2);
    let of = "every_outcome";
    let seen = |step: &str, outcome: &str| (attempts(of, step, outcome), steps(of, step, outcome));
    assert_eq!((seen("recovers", "failed"), seen("recovers", "completed")), ((1, 0), (1, 1)));
    assert_eq!(seen("fails", "failed"), (3, 1));
    assert_eq!(seen("panics", "panicked"), (1, 1));
    assert_eq!(seen("hangs", "timed_out"), (1, 1));
    assert_eq!(seen("works", "completed"), (1, 1));
    assert_eq!(count("steadfast_attempts_total", &[&workflow_is(of)]), 8, "and nothing else");
    assert!(sum("steadfast_step_duration_seconds_sum", &[&workflow_is(of), r#"step="hangs""#]) >= 0.02);
    assert_eq!((started(of), ended(of, "completed")), (1, 1));
}

#[workflow]
async fn counts_down(flow: &mut Flow, n: u32) -> Result<u32> {
    works(flow).await?;
    if n == 0 { Ok(0) } else { flow.continue_as_new(counts_down, n - 1).await }
}

#[workflow]
async fn has_children(flow: &mut Flow, n: u32) -> Result<u32> {
    for _ in 0..n {
        flow.start(is_child, ()).await.await?;
    }
    Ok(n)
}

#[workflow]
async fn is_child(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow]
async fn ends_in_an_error(_flow: &mut Flow) -> Result<()> {
    Err(Error::msg("it is wrong"))
}

#[workflow]
async fn sleeps_on(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::from_hours(1)).await;
    Ok(())
}

#[workflow]
async fn panics_itself(_flow: &mut Flow) -> Result<()> {
    panic!("on purpose")
}

#[tokio::test]
async fn runs_are_counted_by_how_they_end() {
    recorder();
    let builder = Engine::builder().in_memory().workflow(counts_down).workflow(has_children).workflow(is_child);
    let builder = builder.workflow(ends_in_an_error).workflow(sleeps_on).workflow(panics_itself);
    let engine = builder.start().await.unwrap();
    engine.start(counts_down, 3).await.unwrap().result().soon().await.unwrap();
    assert_eq!((started("counts_down"), ended("counts_down", "replaced")), (4, 3));
    assert_eq!((ended("counts_down", "completed"), steps("counts_down", "works", "completed")), (1, 4));

    engine.start(has_children, 5).await.unwrap().result().soon().await.unwrap();
    assert_eq!((started("is_child"), ended("is_child", "completed"), started("has_children")), (5, 5, 1));

    engine.start(ends_in_an_error, ()).await.unwrap().result().soon().await.unwrap_err();
    assert_eq!(ended("ends_in_an_error", "failed"), 1);

    let run = engine.start(sleeps_on, ()).await.unwrap();
    run.cancel("not needed").await.unwrap();
    run.result().soon().await.unwrap_err();
    let late = engine.start(sleeps_on, ()).time_limit(Duration::from_millis(20)).await.unwrap();
    late.result().soon().await.unwrap_err();
    assert_eq!((ended("sleeps_on", "cancelled"), ended("sleeps_on", "timed_out"), started("sleeps_on")), (1, 1, 2));

    let run = engine.start(panics_itself, ()).await.unwrap();
    run.result().soon().await.unwrap_err();
    assert_eq!(run.status().await.unwrap().status, Status::Parked);
    assert_eq!(count("steadfast_runs_parked_total", &[&workflow_is("panics_itself")]), 1);
    assert_eq!(count("steadfast_runs_ended_total", &[&workflow_is("panics_itself")]), 0);
    run.cancel("not needed").await.unwrap().force().await.unwrap();
    assert_eq!(ended("panics_itself", "cancelled"), 1);
}

#[workflow]
async fn works_once(flow: &mut Flow) -> Result<()> {
    Ok(works(flow).await?)
}

#[tokio::test]
async fn a_run_that_has_ended_does_not_end_again_when_it_is_rewound() {
    recorder();
    let engine = Engine::builder().in_memory().workflow(works_once).start().await.unwrap();
    engine.start(works_once, ()).id("again").await.unwrap().result().soon().await.unwrap();
    engine.rewind("again", ForkPoint::before("works")).await.unwrap();
    engine.handle(works_once, "again").await.unwrap().result().soon().await.unwrap();
    assert_eq!((started("works_once"), ended("works_once", "completed"), ended("works_once", "replaced")), (2, 2, 0));
}

#[workflow]
async fn started_often(_flow: &mut Flow, n: u32) -> Result<u32> {
    Ok(n)
}

#[tokio::test]
async fn a_start_of_what_is_there_is_not_counted() {
    recorder();
    let engine = Engine::builder().in_memory().workflow(started_often).start().await.unwrap();
    for _ in 0..3 {
        engine.start(started_often, 1).id("one").await.unwrap();
        engine.start_all(started_often, [("one", 1), ("two", 2)].map(|(id, n)| (id.to_owned(), n))).await.unwrap();
    }
    steadfast::scoped(Scope::new().id("three"), async { engine.start(started_often, 3).await.unwrap() }).await;
    assert_eq!(started("started_often"), 3);
}
