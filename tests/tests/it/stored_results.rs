//! Results of steps in a field store, `#[step(store = "shelf")]`: saved before the result is recorded, read back in a
//! replay, copied and deleted with the run.

use crate::place::Place;
use crate::stored_fields::Shelf;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::field_store::from_fns;
use steadfast::history::{Kind, Value};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineBuilder, ForkPoint, Key, ParkCause, RunError, Secret, StaticKeys, Status};

const LARGE: usize = 3 << 20;

#[derive(StepContext, Clone)]
struct Count {
    #[context(default)]
    n: u64,
}

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[step(store = "shelf")]
async fn scan(n: usize) -> Result<Bytes> {
    Ok(vec![7; n].into())
}

#[step(store = "shelf", retry(attempts = 2, backoff = "1ms"))]
async fn words(n: u64) -> Result<Vec<String>> {
    Ok((0..n).map(|n| format!("word {n}")).collect())
}

#[step(store = "shelf")]
async fn fails() -> Result<Bytes> {
    Err(Error::msg("out of paper"))
}

#[workflow(context = Count)]
async fn read(flow: &mut Flow<Count>, n: usize) -> Result<(usize, String, String)> {
    let page = scan(flow, n).await?;
    flow.update(|c| c.n(page.len() as u64)).await?;
    let words = words(flow, 3).await?;
    flow.receive::<Go>().await?;
    let failed = fails(flow).await.unwrap_err().to_string();
    Ok((page.len(), words.concat(), failed))
}

fn builder(place: &Place, shelf: &Shelf) -> EngineBuilder {
    let retry = Duration::from_millis(1);
    place.builder().workflow(read).field_store("shelf", shelf.clone()).field_store_retry(3, retry)
}

fn expected(n: usize) -> (usize, String, String) {
    (n, "word 0word 1word 2".to_owned(), "step `fails` failed: out of paper".to_owned())
}

crate::tests_on!(memory, postgres:
    a_large_result_is_in_the_store_and_comes_back_in_a_replay,
    garbage_is_not_what_a_result_points_to_and_a_deleted_run_takes_it_along,
    a_fork_and_an_import_have_results_of_their_own,
    a_store_that_fails_is_tried_again_and_then_the_attempt_fails,
    a_result_that_cannot_be_loaded_parks_its_run_until_it_can,
    without_the_store_the_run_is_parked_and_goes_on_with_it,
);

async fn a_large_result_is_in_the_store_and_comes_back_in_a_replay(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).start().await.unwrap();
    let run = engine.start(read, LARGE).id("a").await.unwrap();
    crate::runs::wait_for(&run, Status::Sleeping).await;
    let history = run.history().await.unwrap();
    let ended: Vec<String> = history
        .iter()
        .filter(|entry| entry.kind == Kind::StepCompleted)
        .filter_map(|entry| entry.value.as_ref().map(Value::to_string))
        .collect();
    assert_eq!(ended[0], format!("<{LARGE} bytes in store `shelf`>"));
    assert_eq!(ended.len(), 2);
    assert!(shelf.loads.lock().unwrap().is_empty(), "the body has got the value itself");
    let changes = run.context_history().await.unwrap();
    assert_eq!(changes.entries().len(), 2, "a result is no field of the context: {changes}");
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    assert!(builder(&place, &shelf).check().await.unwrap().is_ok());
    let engine = builder(&place, &shelf).start().await.unwrap();
    let run = engine.handle(read, "a").await.unwrap();
    run.send(Go).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), expected(LARGE));
    assert_eq!(shelf.saved().len(), 2, "a replay saves nothing again");
}

async fn garbage_is_not_what_a_result_points_to_and_a_deleted_run_takes_it_along(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).start().await.unwrap();
    let run = engine.start(read, 10).id("a").await.unwrap();
    run.send(Go).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), expected(10));
    let garbage = engine.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.kept), (0, 2));
    steadfast::Run::clone(&run).delete().await.unwrap();
    assert_eq!(shelf.contents(&engine).await.len(), 0);
}

async fn a_fork_and_an_import_have_results_of_their_own(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).start().await.unwrap();
    let run = engine.start(read, 10).id("a").await.unwrap();
    run.send(Go).await.unwrap();
    run.result().soon().await.unwrap();
    let history = run.history().await.unwrap();
    let last = history.iter().rfind(|entry| entry.kind == Kind::MessageReceived).expect("a message").seq;
    engine.fork("a", ForkPoint::after_entry(last)).id("fork").await.unwrap();
    run.export(folder.path().join("a.run")).await.unwrap();
    steadfast::Run::clone(&run).delete().await.unwrap();
    let fork = engine.handle(read, "fork").await.unwrap();
    assert_eq!(fork.result().soon().await.unwrap(), expected(10));
    let (elsewhere, other) = (Place::memory().unwrap(), Shelf::default());
    let engine = builder(&elsewhere, &other).start().await.unwrap();
    engine.import(folder.path().join("a.run")).await.unwrap();
    let run = engine.handle(read, "a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), expected(10));
    assert_eq!(other.contents(&engine).await.len(), 2);
}

async fn a_store_that_fails_is_tried_again_and_then_the_attempt_fails(place: Place) {
    let shelf = Shelf::default();
    // Two tries of the first attempt fail, and the third works.
    shelf.fail_after("result.words", 0, 2);
    let engine = builder(&place, &shelf).start().await.unwrap();
    let run = engine.start(read, 10).await.unwrap();
    run.send(Go).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), expected(10));
    let attempts = run.history().await.unwrap();
    assert!(!attempts.iter().any(|entry| entry.kind == Kind::AttemptFailed));
    // All three of both attempts fail.
    shelf.fail_after("result.words", 0, 6);
    let error = engine.start(read, 10).await.unwrap().result().soon().await.unwrap_err().to_string();
    assert!(error.contains("store `shelf` did not take the result: the shelf is wet"), "{error}");
}

async fn a_result_that_cannot_be_loaded_parks_its_run_until_it_can(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).start().await.unwrap();
    let run = engine.start(read, 10).id("a").await.unwrap();
    crate::runs::wait_for(&run, Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    *shelf.unreadable.lock().unwrap() = true;
    let engine = builder(&place, &shelf).start().await.unwrap();
    let run = engine.handle(read, "a").await.unwrap();
    run.send(Go).await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on") };
    assert_eq!(reason.cause, ParkCause::FieldStore);
    assert!(reason.message.starts_with("the result of step `scan` (written by entry"), "{reason}");
    *shelf.unreadable.lock().unwrap() = false;
    engine.retry("a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), expected(10));
}

#[step(store = "attic")]
async fn upstairs() -> Result<u32> {
    Ok(7)
}

#[workflow]
async fn asks(flow: &mut Flow) -> Result<u32> {
    Ok(upstairs(flow).await?)
}

async fn without_the_store_the_run_is_parked_and_goes_on_with_it(place: Place) {
    let builder = || place.builder().workflow(asks);
    let attic = Shelf::default();
    let engine = builder().start().await.unwrap();
    let run = engine.start(asks, ()).id("a").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on") };
    assert_eq!(reason.cause, ParkCause::FieldStore);
    assert!(reason.message.contains("no field store `attic`: add `.field_store(\"attic\", ..)`"), "{reason}");
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let report = builder().check().await.unwrap();
    assert!(report.to_string().contains("no field store `attic`"), "a check says it before a start does: {report}");
    assert!(builder().field_store("attic", attic.clone()).check().await.unwrap().is_ok());
    let engine = builder().field_store("attic", attic).start().await.unwrap();
    assert_eq!(engine.handle(asks, "a").await.unwrap().result().soon().await.unwrap(), 7);
}

/// A store that takes longer than the step may.
#[tokio::test]
async fn the_time_limit_of_a_step_is_not_that_of_its_store() {
    #[step(store = "slow", timeout = "50ms")]
    async fn quick() -> Result<u32> {
        Ok(1)
    }

    #[workflow]
    async fn once(flow: &mut Flow) -> Result<u32> {
        Ok(quick(flow).await?)
    }

    let slow = from_fns(
        |_, _| async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok::<_, std::io::Error>(())
        },
        |_| async { Err::<Bytes, _>(std::io::Error::other("nothing is loaded")) },
    );
    let engine = Engine::builder().in_memory().workflow(once).field_store("slow", slow).start().await.unwrap();
    let run = engine.start(once, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 1);
    let history = run.history().await.unwrap();
    assert!(!history.iter().any(|entry| entry.kind == Kind::AttemptStarted), "one attempt");
}

#[tokio::test]
async fn a_result_in_a_store_survives_every_fault() {
    #[workflow]
    async fn both(flow: &Flow) -> Result<usize> {
        let (page, words) = (scan(flow, 5), words(flow, 2));
        let (page, words) = try_join!(page, words)?;
        Ok(page.len() + words.len())
    }
    println!("{:?}", crash_everywhere(both, ()).await);
}

#[step(store = "shelf")]
async fn token() -> Result<Secret<String>> {
    Ok(Secret::new("planted-token".to_owned()))
}

#[workflow]
async fn signs_in(flow: &mut Flow) -> Result<usize> {
    let token = token(flow).await?;
    flow.receive::<Go>().await?;
    Ok(token.expose().len())
}

#[tokio::test]
async fn a_secret_result_is_encrypted_in_the_store_and_again_for_each_copy() {
    let folder = tempfile::tempdir().unwrap();
    let keys = || StaticKeys::new(Key::new("k", [7; 32]));
    let open = async |shelf: &Shelf| {
        let builder = Engine::builder().in_memory().workflow(signs_in).field_store("shelf", shelf.clone());
        builder.keys(keys()).start().await.unwrap()
    };
    let (shelf, other) = (Shelf::default(), Shelf::default());
    let engine = open(&shelf).await;
    let run = engine.start(signs_in, ()).id("a").await.unwrap();
    crate::runs::wait_for(&run, Status::Sleeping).await;
    run.export(folder.path().join("a.run")).await.unwrap();
    let history = run.history().await.unwrap();
    let last = history.iter().rfind(|entry| entry.kind == Kind::StepCompleted).expect("a result").seq;
    engine.fork("a", ForkPoint::after_entry(last)).id("fork").await.unwrap();
    let elsewhere = open(&other).await;
    elsewhere.import(folder.path().join("a.run")).await.unwrap();
    for (engine, id) in [(&engine, "a"), (&engine, "fork"), (&elsewhere, "a")] {
        let run = engine.handle(signs_in, id).await.unwrap();
        run.send(Go).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), "planted-token".len(), "{id}");
    }
    for shelf in [&shelf, &other] {
        for content in shelf.bytes.lock().unwrap().iter() {
            assert!(!String::from_utf8_lossy(content).contains("planted"), "a secret is stored as it is");
        }
    }
}
