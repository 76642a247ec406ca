//! Runs in files: copied and moved between databases (case E7), and runs that continue another one (case E6).

mod changed;
mod contents;
mod continuing;
mod faults;
mod files;

use crate::flows::{Tally, deed};
use crate::runs::wait_for;
use crate::steps::until;
use limits::Soon as _;
use std::path::PathBuf;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{EngineError, ParkCause, RunError, RunFilter, Status};
use tempfile::TempDir;

/// A folder for databases and files.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn builder(&self, database: &str) -> steadfast::EngineBuilder {
        let builder = Engine::builder().sqlite(self.path(database)).evict_after(Duration::ZERO);
        builder.workflow(journey).workflow(napper).workflow(at_work).workflow(fragile)
    }

    async fn engine(&self, database: &str) -> Engine {
        self.builder(database).start().await.unwrap()
    }
}

#[step]
async fn key_of(what: String) -> Result<String> {
    let key = steadfast::step_scope().expect("a step").idempotency_key();
    Ok(format!("{what}:{key}"))
}

#[derive(StepContext, Clone)]
struct Travel {
    #[context(default)]
    stations: Vec<String>,
}

/// Returns keys and random numbers from before and after a sleep, which is given in milliseconds.
#[workflow(context = Travel)]
async fn journey(flow: &mut Flow<Travel>, sleep: u64) -> Result<(Vec<String>, Vec<u64>)> {
    let mut random = vec![flow.random()];
    let before = key_of(&*flow, "before".into()).await?;
    flow.update(|c| c.stations(vec![before])).await?;
    flow.sleep(Duration::from_millis(sleep)).await?;
    random.push(flow.random());
    let after = key_of(&*flow, "after".into()).await?;
    let stations = [flow.stations.clone(), vec![after]].concat();
    flow.update(|c| c.stations(stations)).await?;
    Ok((flow.stations.clone(), random))
}

#[workflow]
async fn napper(flow: &mut Flow, millis: u64) -> Result<u64> {
    flow.sleep(Duration::from_millis(millis)).await?;
    Ok(millis)
}

#[tokio::test]
async fn a_copy_wakes_when_the_run_wakes_with_other_keys_and_the_same_random_numbers() {
    let desk = Desk::new();
    let engine = desk.engine("a.db").await;
    let run = engine.start(journey, 1_200).id("trip").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    let info = run.export(desk.path("trip.run")).await.unwrap();
    assert_eq!((info.run.as_str(), info.workflow.as_str(), info.status), ("trip", "journey", Status::Sleeping));
    let bytes = std::fs::metadata(desk.path("trip.run")).unwrap().len();
    assert_eq!((info.bytes, info.entries), (bytes, run.status().await.unwrap().entries));

    let other = desk.engine("b.db").await;
    let copy = other.import(desk.path("trip.run")).await.unwrap();
    assert_eq!((copy.id(), copy.workflow()), ("trip", "journey"));
    let (there, here) = (copy.status().await.unwrap(), run.status().await.unwrap());
    assert_eq!((there.sleeps_until, there.started_at), (here.sleeps_until, here.started_at));
    assert_eq!(copy.history().await.unwrap(), run.history().await.unwrap());

    let (keys, random) = run.result().soon().await.unwrap();
    let copy = other.handle(journey, "trip").await.unwrap();
    let (copied_keys, copied_random) = copy.result().soon().await.unwrap();
    assert_eq!(random, copied_random, "the same random numbers, before the copy and after it");
    assert_eq!(keys[0], copied_keys[0], "what was done is done");
    assert_ne!(keys[1], copied_keys[1], "what a copy does is another deed");
    let history = copy.history().await.unwrap();
    let fired = history.iter().find(|entry| entry.kind == Kind::TimerFired).expect("it slept");
    assert!(fired.at >= here.sleeps_until.unwrap());

    // The copy survives the end of the other engine, and a copy of the copy draws the same random numbers.
    copy.export(desk.path("ended.run")).await.unwrap();
    other.shutdown(Duration::from_secs(5)).await.unwrap();
    let other = desk.engine("b.db").await;
    let again = other.import(desk.path("ended.run")).id("ended").await.unwrap();
    assert_eq!(again.status().await.unwrap().status, Status::Completed);
    let again = other.handle(journey, "ended").await.unwrap();
    assert_eq!(again.result().soon().await.unwrap(), (copied_keys, copied_random));
    let twin = other.import(desk.path("trip.run")).id("twin").await.unwrap();
    assert_eq!(twin.id(), "twin");
    assert_eq!(other.handle(journey, "twin").await.unwrap().result().soon().await.unwrap().1, random);
}

#[tokio::test]
async fn a_moved_run_goes_on_elsewhere_as_the_same_run_and_only_once() {
    let desk = Desk::new();
    let engine = desk.engine("a.db").await;
    let run = engine.start(journey, 300).id("trip").await.unwrap();
    let witness = engine.start(journey, 300).id("witness").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    let waiting = tokio::spawn({
        let run = run.clone();
        async move { run.result().soon().await }
    });
    let info = run.export_and_end(desk.path("trip.run")).soon().await.unwrap();
    assert_eq!(info.status, Status::Sleeping, "as it was before");
    assert!(matches!(waiting.await.unwrap(), Err(RunError::Moved)));
    assert!(matches!(run.result().soon().await, Err(RunError::Moved)));
    assert_eq!(run.status().await.unwrap().status, Status::Moved);
    assert_eq!(run.history().await.unwrap().last().unwrap().kind, Kind::RunMoved);
    assert!(matches!(run.cancel("too late").await, Err(EngineError::WrongStatus { status: Status::Moved, .. })));

    // The move can be repeated.
    std::fs::copy(desk.path("trip.run"), desk.path("first.run")).unwrap();
    run.export_and_end(desk.path("trip.run")).soon().await.unwrap();
    assert_eq!(std::fs::read(desk.path("trip.run")).unwrap(), std::fs::read(desk.path("first.run")).unwrap());
    // The database that it came from still has its tombstone, so an import there fails under any id.
    for id in ["trip", "other"] {
        let error = engine.import(desk.path("trip.run")).id(id).await.unwrap_err();
        assert!(matches!(&error, EngineError::WrongStatus { id, .. } if id == "trip"), "{error}");
    }

    let other = desk.engine("b.db").await;
    other.import(desk.path("trip.run")).id("moved").await.unwrap();
    let error = other.import(desk.path("trip.run")).await.unwrap_err();
    assert!(error.to_string().contains("`moved`"), "{error}");
    let moved = other.handle(journey, "moved").await.unwrap();
    let (keys, _) = moved.result().soon().await.unwrap();
    assert_eq!(keys[0], run_key(&run.history().await.unwrap()));
    witness.result().soon().await.unwrap();
    assert_eq!(other.list(RunFilter::all()).await.unwrap().len(), 1);

    // A tombstone can be copied, for its history.
    run.export(desk.path("tombstone.run")).await.unwrap();
    let tombstone = other.import(desk.path("tombstone.run")).id("tombstone").await.unwrap();
    assert_eq!(tombstone.status().await.unwrap().status, Status::Moved);
    // An ended run cannot be moved.
    let error = moved.export_and_end(desk.path("x.run")).soon().await.unwrap_err();
    assert!(matches!(error, EngineError::WrongStatus { status: Status::Completed, .. }), "{error}");
}

/// Returns the result of the first step.
fn run_key(history: &[steadfast::history::HistoryEntry]) -> String {
    let done = history.iter().find(|entry| entry.kind == Kind::StepCompleted).expect("a step was done");
    serde_json::from_slice(&done.value.as_ref().unwrap().bytes).unwrap()
}

#[step]
async fn long(tally: String) -> Result<String> {
    let scope = steadfast::step_scope().expect("a step");
    let key = scope.idempotency_key();
    deed(&tally, &key);
    if scope.attempt == 1 {
        scope.cancellation.cancelled().await;
        deed(&tally, "told");
        return Err(steadfast::Error::msg("told to stop"));
    }
    Ok(key)
}

#[workflow]
async fn at_work(flow: &mut Flow, tally: String) -> Result<String> {
    Ok(long(flow, tally).await?)
}

#[tokio::test]
async fn a_step_in_flight_is_told_and_runs_again_elsewhere_under_its_key() {
    let tally = Tally::new("moved-at-work");
    let desk = Desk::new();
    let engine = desk.engine("a.db").await;
    let run = engine.start(at_work, tally.name().to_owned()).id("work").await.unwrap();
    until(|| tally.all().len() == 1).await;
    let info = run.export_and_end(desk.path("work.run")).soon().await.unwrap();
    assert_eq!(info.status, Status::Running);
    until(|| tally.count("told") == 1).await;
    let other = desk.engine("b.db").await;
    other.import(desk.path("work.run")).await.unwrap();
    let key = other.handle(at_work, "work").await.unwrap().result().soon().await.unwrap();
    assert_eq!(tally.count(&key), 2, "{:?}", tally.all());
}

#[tokio::test]
async fn a_time_that_passed_in_the_file_fires_once() {
    let desk = Desk::new();
    let engine = desk.engine("a.db").await;
    let run = engine.start(napper, 300).id("nap").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    run.export_and_end(desk.path("nap.run")).soon().await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let other = desk.engine("b.db").await;
    other.import(desk.path("nap.run")).await.unwrap();
    let nap = other.handle(napper, "nap").await.unwrap();
    assert_eq!(nap.result().soon().await.unwrap(), 300);
    let fired = nap.history().await.unwrap().into_iter().filter(|entry| entry.kind == Kind::TimerFired).count();
    assert_eq!(fired, 1);
}

#[workflow]
async fn fragile(flow: &mut Flow, tally: String) -> Result<u64> {
    assert!(Tally::named(&tally).count("mended") > 0, "not mended yet");
    napper_step(flow).await?;
    flow.sleep(Duration::from_hours(1)).await?;
    Ok(1)
}

#[step]
async fn napper_step() -> Result<()> {
    Ok(())
}

#[tokio::test]
async fn a_parked_run_travels_with_what_waits_in_its_inbox() {
    let tally = Tally::new("parked-and-cancelled");
    let desk = Desk::new();
    let engine = desk.engine("a.db").await;
    let run = engine.start(fragile, tally.name().to_owned()).id("f").await.unwrap();
    wait_for(&run, Status::Parked).await;
    run.export(desk.path("parked.run")).await.unwrap();
    run.cancel("no longer needed").await.unwrap();
    run.export_and_end(desk.path("cancelled.run")).soon().await.unwrap();
    deed(tally.name(), "mended");

    let other = desk.engine("b.db").await;
    let parked = other.import(desk.path("parked.run")).id("parked").await.unwrap();
    wait_for(&parked, Status::Sleeping).await;
    let cancelled = other.import(desk.path("cancelled.run")).await.unwrap();
    wait_for(&cancelled, Status::Cancelled).await;
    let result = other.handle(fragile, "f").await.unwrap().result().soon().await;
    assert!(matches!(&result, Err(RunError::Cancelled { reason }) if reason == "no longer needed"), "{result:?}");
    let asked = cancelled.history().await.unwrap().into_iter().filter(|entry| entry.kind == Kind::CancelRequested);
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn a_parked_run_says_in_the_new_place_why_it_is_parked() {
    let desk = Desk::new();
    let engine = desk.engine("a.db").await;
    let run = engine.start(fragile, "never-mended".to_owned()).id("f").await.unwrap();
    wait_for(&run, Status::Parked).await;
    let here = run.status().await.unwrap().parked.unwrap();
    assert!(here.to_string().contains("not mended yet"), "{here}");
    run.export(desk.path("parked.run")).await.unwrap();
    // An engine without the workflow cannot retry it.
    let other = Engine::builder().sqlite(desk.path("b.db")).start().await.unwrap();
    let there = other.import(desk.path("parked.run")).await.unwrap().status().await.unwrap();
    let parked = there.parked.unwrap();
    // The engine's start may have tried parked runs by then, and reports that it does not know the workflow. The entry
    // at which the body failed must be kept all the same.
    assert!(parked == here || parked.cause == ParkCause::UnknownWorkflow, "{parked}");
    assert_eq!((there.status, parked.unfinished), (Status::Parked, here.unfinished));
    assert!(here.unfinished.is_some());
}

#[tokio::test]
async fn a_run_of_another_engine_is_exported_and_not_moved() {
    let desk = Desk::new();
    let engine = desk.engine("a.db").await;
    let run = engine.start(napper, 3_600_000).id("nap").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    let guest = desk.engine("a.db").await;
    let seen = guest.run("nap").await.unwrap();
    seen.export(desk.path("nap.run")).await.unwrap();
    let error = seen.export_and_end(desk.path("moved.run")).soon().await.unwrap_err();
    assert!(error.to_string().contains("another engine"), "{error}");
    assert_eq!(run.status().await.unwrap().status, Status::Sleeping);
    assert!(!desk.path("moved.run").exists());
    // An unwritable file is an error before the run has ended.
    let error = run.export_and_end(desk.path("no such folder/nap.run")).soon().await.unwrap_err();
    assert!(matches!(error, EngineError::File { .. }), "{error}");
    assert_eq!(run.status().await.unwrap().status, Status::Sleeping);
    assert!(run.export(desk.path("no such folder/nap.run")).await.is_err());
}

#[tokio::test]
async fn a_run_that_never_stands_still_is_moved_between_two_turns() {
    let desk = Desk::new();
    for round in 0..8 {
        let engine = desk.builder("a.db").evict_after(Duration::from_secs(1)).start().await.unwrap();
        let run = engine.start(journey, 1).id(format!("trip-{round}")).await.unwrap();
        tokio::time::sleep(Duration::from_micros(300 * round)).await;
        let file = desk.path(&format!("{round}.run"));
        match run.export_and_end(&file).soon().await {
            Ok(_) => {
                let other = desk.engine("b.db").await;
                other.import(&file).await.unwrap();
                let moved = other.handle(journey, run.id()).await.unwrap();
                assert_eq!(moved.result().soon().await.unwrap().0.len(), 2);
            }
            Err(error) => {
                assert!(matches!(error, EngineError::WrongStatus { status: Status::Completed, .. }), "{error}");
            }
        }
    }
}
