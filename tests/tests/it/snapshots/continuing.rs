//! Runs that begin with the final context of another.

use super::Desk;
use crate::runs::wait_for;
use limits::Soon as _;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{EngineError, Key, Secret, StaticKeys, Status};

#[derive(StepContext, Clone)]
struct Odometer {
    #[context(default)]
    trips: u64,
    #[context(default)]
    code: Option<Secret<String>>,
}

#[step]
async fn trips_so_far(ctx: &Odometer) -> Result<u64> {
    Ok(ctx.trips)
}

/// Makes one more trip, and rests for some seconds.
#[workflow(context = Odometer)]
async fn trip(flow: &mut Flow<Odometer>, rest: u64) -> Result<u64> {
    if flow.code.is_none() {
        flow.update(|c| c.code(Some(Secret::new("1234".to_owned())))).await?;
    }
    flow.update(|c| c.trips(c.trips + 1)).await?;
    flow.sleep(Duration::from_secs(rest)).await?;
    let code = flow.code.as_ref().map(|code| code.expose().clone());
    assert_eq!(code.as_deref(), Some("1234"));
    Ok(trips_so_far(&*flow).await?)
}

/// Reads the continued context before its own is set.
#[workflow(context = Odometer)]
async fn round_trip(start: Start<Odometer>) -> Result<(bool, u64)> {
    let continued = start.continued();
    let mut flow = start.with_continued_or(|| Odometer::builder().trips(100).build()).await?;
    flow.update(|c| c.trips(c.trips + 1)).await?;
    Ok((continued.is_some(), flow.trips))
}

#[derive(StepContext, Clone)]
struct Other {
    #[context(default)]
    n: u64,
}

#[workflow(context = Other)]
async fn elsewhere(flow: &mut Flow<Other>) -> Result<u64> {
    flow.sleep(Duration::ZERO).await?;
    Ok(flow.n)
}

#[workflow]
async fn without(flow: &mut Flow) -> Result<u64> {
    flow.sleep(Duration::ZERO).await?;
    Ok(0)
}

fn builder() -> steadfast::EngineBuilder {
    let builder = Engine::builder().workflow(trip).workflow(round_trip).workflow(elsewhere).workflow(without);
    builder.keys(StaticKeys::new(Key::new("k1", [7; 32]))).evict_after(Duration::ZERO)
}

#[tokio::test]
async fn one_state_is_kept_over_three_runs() {
    let desk = Desk::new();
    let engine = builder().sqlite(desk.path("a.db")).start().await.unwrap();
    let first = engine.start(trip, 0).id("first").await.unwrap();
    assert_eq!(first.result().soon().await.unwrap(), 1);
    let second = engine.start(trip, 0).id("second").continuing("first").await.unwrap();
    assert!(second.is_new());
    assert_eq!(second.result().soon().await.unwrap(), 2);
    let third = engine.start(trip, 1).id("third").continuing("second").await.unwrap();
    wait_for(&third, Status::Sleeping).await;
    let history = third.history().await.unwrap();
    assert_eq!((history[1].kind, history[1].name.as_deref()), (Kind::ContextContinued, Some("Odometer")));

    // The predecessor is deleted, and the engine is dropped: the run is complete by itself.
    second.result().soon().await.unwrap();
    engine.run("second").await.unwrap().delete().await.unwrap();
    drop((engine, first, second, third));
    let engine = builder().sqlite(desk.path("a.db")).start().await.unwrap();
    let third = engine.start(trip, 1).id("third").continuing("second").await.unwrap();
    assert!(!third.is_new(), "the same start is the same run");
    assert_eq!(third.result().soon().await.unwrap(), 3);

    for continuing in [None, Some("first")] {
        let start = engine.start(trip, 1).id("third");
        let start = if let Some(run) = continuing { start.continuing(run) } else { start };
        let error = start.await.unwrap_err();
        assert!(matches!(error, EngineError::OtherInput { .. }), "{error}");
        assert!(error.to_string().contains("continuing run `second`"), "{error}");
    }
    let error = engine.start(trip, 0).id("first").continuing("third").await.unwrap_err();
    assert!(matches!(error, EngineError::OtherInput { .. }), "{error}");

    // The run in a file contains the continued context.
    third.export(desk.path("third.run")).await.unwrap();
    let other = builder().in_memory().start().await.unwrap();
    other.import(desk.path("third.run")).await.unwrap();
    let fourth = other.start(round_trip, ()).continuing("third").await.unwrap();
    assert_eq!(fourth.result().soon().await.unwrap(), (true, 4));
}

#[tokio::test]
async fn a_workflow_that_takes_start_decides_by_itself() {
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(round_trip, ()).id("a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (false, 101));
    let run = engine.start(round_trip, ()).id("b").continuing("a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (true, 102));
}

#[tokio::test]
async fn only_an_ended_run_with_that_context_is_continued() {
    let engine = builder().in_memory().start().await.unwrap();
    let says = async |workflow: &str, run: &str, sentence: &str| {
        let error = match workflow {
            "trip" => engine.start(trip, 0).id("new").continuing(run).await.unwrap_err(),
            _ => engine.start(elsewhere, ()).id("new").continuing(run).await.unwrap_err(),
        };
        assert!(error.to_string().contains(sentence), "{error}");
        assert!(engine.run("new").await.is_err(), "nothing was started");
    };
    let sleeping = engine.start(trip, 3_600).id("sleeping").await.unwrap();
    wait_for(&sleeping, Status::Sleeping).await;
    says("trip", "sleeping", "once it has ended").await;
    says("trip", "nobody", "no run `nobody`").await;
    engine.start(without, ()).id("without").await.unwrap().result().soon().await.unwrap();
    says("trip", "without", "never set a context").await;
    engine.start(trip, 0).id("ended").await.unwrap().result().soon().await.unwrap();
    says("elsewhere", "ended", "`Odometer`").await;
    sleeping.cancel("enough").await.unwrap();
    wait_for(&sleeping, Status::Cancelled).await;
    let next = engine.start(trip, 0).continuing("sleeping").await.unwrap();
    assert_eq!(next.result().soon().await.unwrap(), 2, "however it has ended");
}
