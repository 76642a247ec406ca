//! Runs as seen from outside: ids, results, lists, store failures, eviction, deletion (cases D6, D8 to D14, O1, O5,
//! O6).

use crate::faulty::Switches;
use crate::flows::{Tally, deed};
use crate::steps::until;
use limits::Soon as _;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{EngineError, RunError, RunFilter, Status};

#[step]
async fn note(tally: String, what: String) -> Result<String> {
    deed(&tally, &what);
    let current = steadfast::current().expect("a step");
    Ok(current.step().expect("a step").idempotency_key())
}

#[workflow]
async fn once(flow: &mut Flow, tally: String) -> Result<String> {
    Ok(note(flow, tally, "body".into()).await?)
}

#[workflow]
async fn other(flow: &mut Flow, tally: String) -> Result<String> {
    once_more(flow, tally).await.map_err(Into::into)
}

#[step]
async fn once_more(tally: String) -> Result<String> {
    Ok(tally)
}

#[tokio::test]
async fn an_id_names_one_run_for_ever() {
    let tally = Tally::new("d8");
    let input = tally.name().to_owned();
    let engine = Engine::builder().in_memory().workflow(once).workflow(other).start().await.unwrap();
    let first = engine.start(once, input.clone()).id("a").await.unwrap().result().soon().await.unwrap();
    let again = engine.start(once, input.clone()).id("a").await.unwrap();
    assert_eq!(again.result().soon().await.unwrap(), first);
    assert_eq!(tally.count("body"), 1, "a finished run is not run again");

    let error = engine.start(once, "another".into()).id("a").await.unwrap_err();
    assert!(matches!(error, EngineError::OtherInput { .. }), "{error}");
    assert!(error.to_string().contains("another"), "{error}");
    let error = engine.start(other, input).id("a").await.unwrap_err();
    assert!(matches!(error, EngineError::OtherWorkflow { .. }), "{error}");
    for bad in [String::new(), "x".repeat(513)] {
        assert!(engine.start(once, "x".into()).id(bad).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_starts_at_once_run_one_body() {
    let tally = Tally::new("d8-twice");
    let engine = Engine::builder().in_memory().workflow(once).start().await.unwrap();
    let starts = (0..8).map(|_| {
        let (engine, input) = (engine.clone(), tally.name().to_owned());
        tokio::spawn(async move { engine.start(once, input).id("same").await.unwrap().result().soon().await.unwrap() })
    });
    let mut results = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        results.push(start.await.unwrap());
    }
    results.dedup();
    assert_eq!((results.len(), tally.count("body")), (1, 1));
}

#[tokio::test]
async fn an_unregistered_workflow_is_refused_by_name() {
    let engine = Engine::builder().in_memory().start().await.unwrap();
    let error = engine.start(once, "x".into()).await.unwrap_err();
    assert!(error.to_string().contains("`.workflow(once)`"), "{error}");
    let error = Engine::builder().start().await.unwrap_err();
    assert!(error.to_string().contains(".sqlite(path)"), "{error}");
    let error = Engine::builder().in_memory().workflow(once).workflow(once).start().await.unwrap_err();
    assert!(error.to_string().contains("`once`"), "{error}");
    let error = engine.run("nobody").await.unwrap_err();
    assert!(error.to_string().contains("`nobody`"), "{error}");
}

#[tokio::test]
async fn generated_ids_are_ordered_by_time_and_lists_come_in_pages() {
    let engine = Engine::builder().in_memory().workflow(once).start().await.unwrap();
    for _ in 0..5 {
        engine.start(once, "x".into()).await.unwrap().result().soon().await.unwrap();
    }
    engine.start(once, "x".into()).id("zz-top").await.unwrap().result().soon().await.unwrap();
    let first = engine.list(RunFilter::all().limit(4)).await.unwrap();
    let second = engine.list(RunFilter::all().limit(4).after(first[3].number)).await.unwrap();
    assert_eq!((first.len(), second.len()), (4, 2));
    let mut ids: Vec<_> = first.iter().chain(&second).map(|run| run.id.clone()).collect();
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), 6);
    assert_eq!(engine.list(RunFilter::all().id_prefix("zz-")).await.unwrap().len(), 1);
    assert_eq!(engine.list(RunFilter::all().status(Status::Parked)).await.unwrap().len(), 0);
    assert_eq!(engine.list(RunFilter::all().workflow("once").status(Status::Completed)).await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_deleted_id_may_be_used_again_and_its_new_run_has_other_keys() {
    let tally = Tally::new("d11");
    let engine = Engine::builder().in_memory().workflow(once).start().await.unwrap();
    let input = tally.name().to_owned();
    let run = engine.start(once, input.clone()).id("phoenix").await.unwrap();
    let first = run.result().soon().await.unwrap();
    let handle = engine.run("phoenix").await.unwrap();
    handle.delete().await.unwrap();
    assert!(matches!(run.status().await, Err(EngineError::NoSuchRun { .. })));
    let second = engine.start(once, input).id("phoenix").await.unwrap().result().soon().await.unwrap();
    assert_ne!(first, second, "the payment provider must not take the new charge for the old one");
    assert_eq!(tally.count("body"), 2);
}

#[workflow]
async fn three_steps(flow: &mut Flow, tally: String) -> Result<u32> {
    for what in ["one", "two", "three"] {
        note(flow, tally.clone(), what.into()).await?;
    }
    Ok(3)
}

#[tokio::test]
async fn when_the_store_fails_the_run_stands_still_and_goes_on_with_it() {
    let tally = Tally::new("d6");
    let store = Switches::default();
    let engine = Engine::builder().store(store.store()).workflow(three_steps).workflow(gated).start().await.unwrap();
    let run = engine.start(gated, tally.name().to_owned()).await.unwrap();
    until(|| tally.count("at the gate") == 1).await;
    store.fail(true);
    deed(tally.name(), "open");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(tally.count("behind"), 0, "nothing that depends on what is not durable may start");
    assert_eq!(run.status().await.unwrap().status, Status::Running);
    assert!(engine.start(three_steps, "x".into()).await.is_err(), "the starter is told");
    store.fail(false);
    assert_eq!(run.result().soon().await.unwrap(), 1);
    assert_eq!(tally.count("behind"), 1);
}

#[step]
async fn gate(tally: String) -> Result<()> {
    if deed(&tally, "at the gate") == 0 {
        let tally = Tally::named(&tally);
        until(|| tally.count("open") == 1).await;
    }
    Ok(())
}

#[workflow]
async fn gated(flow: &mut Flow, tally: String) -> Result<u32> {
    gate(flow, tally.clone()).await?;
    note(flow, tally, "behind".into()).await?;
    Ok(1)
}

#[tokio::test]
async fn a_lost_answer_is_read_back_neither_repeated_nor_forgotten() {
    for lost in 1..6 {
        let tally = Tally::new("d13");
        let store = Switches::default();
        let engine = Engine::builder().store(store.store()).workflow(three_steps).start().await.unwrap();
        store.lose_answers(lost);
        let run = engine.start(three_steps, tally.name().to_owned()).id("lost").await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), 3);
        let history = run.history().await.unwrap();
        let done = history.iter().filter(|entry| entry.kind == Kind::StepCompleted).count();
        assert_eq!(done, 3, "{history:#?}");
        let numbers: Vec<u64> = history.iter().map(|entry| entry.seq).collect();
        assert_eq!(numbers, (1..=history.len() as u64).collect::<Vec<_>>());
    }
}

#[workflow]
async fn sleeper(flow: &mut Flow, seconds: u64) -> Result<u64> {
    flow.sleep(Duration::from_secs(seconds)).await?;
    Ok(seconds)
}

#[tokio::test]
async fn a_sleeping_run_leaves_memory_and_a_time_that_passed_while_down_fires_once() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let open = || async {
        let builder = Engine::builder().sqlite(folder.path().join("d10.db")).evict_after(Duration::ZERO);
        builder.workflow(sleeper).start().await.unwrap()
    };
    let engine = open().await;
    let run = engine.start(sleeper, 1).id("nap").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    assert!(run.status().await.unwrap().sleeps_until.is_some());
    drop((run, engine));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let engine = open().await;
    let run = engine.handle(sleeper, "nap").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 1);
    let fired = run.history().await.unwrap().into_iter().filter(|entry| entry.kind == Kind::TimerFired).count();
    assert_eq!(fired, 1);
}

pub(crate) async fn wait_for(run: &steadfast::Run, status: Status) {
    for _ in 0..4_000 {
        if run.status().await.unwrap().status == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the run is {:?} instead of {status}", run.status().await);
}

#[tokio::test]
async fn an_evicted_run_wakes_by_itself_and_can_be_cancelled() {
    let engine = Engine::builder().in_memory().evict_after(Duration::ZERO).workflow(sleeper).start().await.unwrap();
    assert_eq!(engine.start(sleeper, 1).await.unwrap().result().soon().await.unwrap(), 1);
    let run = engine.start(sleeper, 100_000).await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    run.cancel("no longer").await.unwrap();
    assert!(matches!(run.result().soon().await, Err(RunError::Cancelled { reason }) if reason == "no longer"));
}

#[tokio::test]
async fn two_engines_on_one_store_share_the_work_and_see_each_others_runs() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("d7.db");
    let open = || async { Engine::builder().sqlite(&path).workflow(sleeper).workflow(once).start().await.unwrap() };
    let (left, right) = (open().await, open().await);
    let tally = Tally::new("d7");
    let mine = left.start(once, tally.name().to_owned()).id("shared").await.unwrap();
    let yours = right.start(once, tally.name().to_owned()).id("shared").await.unwrap();
    assert_eq!(mine.result().soon().await.unwrap(), yours.result().soon().await.unwrap());
    assert_eq!(tally.count("body"), 1);

    // A cancellation from the other engine goes through the inbox.
    let run = left.start(sleeper, 100_000).id("far").await.unwrap();
    right.run("far").await.unwrap().cancel("from afar").await.unwrap();
    assert!(matches!(run.result().soon().await, Err(RunError::Cancelled { reason }) if reason == "from afar"));

    // A dropped engine releases its runs at once, and the other takes over.
    let run = left.start(sleeper, 1).id("orphan").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    drop((run, mine, left));
    assert_eq!(right.handle(sleeper, "orphan").await.unwrap().result().soon().await.unwrap(), 1);
}

#[tokio::test]
async fn a_shutdown_finishes_what_is_in_flight_and_hands_back_the_rest() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let open = || async {
        let builder = Engine::builder().sqlite(folder.path().join("shutdown.db"));
        builder.workflow(gated).workflow(sleeper).start().await.unwrap()
    };
    let tally = Tally::new("shutdown");
    let engine = open().await;
    engine.start(gated, tally.name().to_owned()).id("busy").await.unwrap();
    engine.start(sleeper, 100_000).id("asleep").await.unwrap();
    until(|| tally.count("at the gate") == 1).await;
    let stopping = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.shutdown(Duration::from_secs(20)).await })
    };
    deed(tally.name(), "open");
    assert!(stopping.await.unwrap().unwrap().finished, "the step in flight had time to finish");
    assert!(matches!(engine.start(sleeper, 1).await, Err(EngineError::ShuttingDown)));
    assert_eq!(tally.count("behind"), 0, "nothing new is started");
    drop(engine);
    let engine = open().await;
    assert_eq!(engine.handle(gated, "busy").await.unwrap().result().soon().await.unwrap(), 1);
    assert_eq!(tally.count("at the gate"), 1, "the finished step did not run again");
    assert_eq!(engine.run("asleep").await.unwrap().status().await.unwrap().status, Status::Sleeping);
}

#[test]
fn outside_of_any_run_there_is_nothing_current() {
    assert!(steadfast::current().is_none());
    assert!(steadfast::context::<crate::flows::Counter>().is_err());
    let error = steadfast::context::<crate::flows::Counter>().unwrap_err();
    assert!(error.to_string().contains("outside of any workflow or step"), "{error}");
}

#[tokio::test]
async fn a_sequence_of_steps_costs_one_commit_a_step_however_long_it_is() {
    for steps in [50, 500] {
        let store = Switches::default();
        let engine = Engine::builder().store(store.store()).workflow(crate::flows::count_up).start().await.unwrap();
        let before = store.appends();
        engine.start(crate::flows::count_up, steps).await.unwrap().result().soon().await.unwrap();
        // The commits: the start, the first turn, and one for each result with the update and the step that follow it.
        let commits = u64::try_from(store.appends() - before).unwrap();
        assert!((steps + 2..=steps + 4).contains(&commits), "{commits} commits for {steps} steps");
    }
}
