//! Defaults of fields in stores: saved once for all runs of a workflow if they are too large for the database, and not
//! at all otherwise.

use super::{Album, Shelf, builder, look};
use crate::place::Place;
use crate::runs::wait_for;
use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{ParkCause, RunError, Status};

crate::tests_on!(memory, postgres:
    a_store_that_does_not_take_the_defaults_parks_the_run_until_it_does,
    a_default_that_is_too_large_for_the_database_is_saved_once_for_all_runs_of_a_workflow,
    a_default_that_is_not_changed_is_saved_in_no_store,
);

async fn a_store_that_does_not_take_the_defaults_parks_the_run_until_it_does(place: Place) {
    let shelf = Shelf::default();
    shelf.fail_after("cover", 0, u32::MAX);
    let engine = builder(&place, &shelf).workflow(open_thick).start().await.unwrap();
    let run = engine.start(open_thick, ()).id("a").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on without its fields") };
    assert_eq!(reason.cause, ParkCause::Unstorable);
    assert!(
        reason.message.contains("cannot begin: field `cover` of context `Thick`: store `shelf` did not take the value"),
        "{reason}"
    );
    shelf.fail_after("cover", 0, 0);
    engine.retry("a").await.unwrap();
    wait_for(&run, Status::Completed).await;
    assert_eq!(run.result().soon().await.unwrap(), 1_000);
}

/// A context with a default that is too large for the database.
#[derive(StepContext, Clone)]
struct Thick {
    #[context(default = vec![7; 1_000], store = "shelf")]
    cover: Vec<u8>,
}

#[workflow(context = Thick)]
#[expect(clippy::unused_async, reason = "a workflow is async")]
async fn open_thick(flow: &mut Flow<Thick>) -> Result<usize> {
    Ok(flow.cover.len())
}

/// Tests any number of runs, on any engine, and with deletions, collections and copies.
async fn a_default_that_is_too_large_for_the_database_is_saved_once_for_all_runs_of_a_workflow(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).workflow(open_thick).workflow(peel).start().await.unwrap();
    let mut runs = Vec::new();
    for _ in 0..20 {
        let run = engine.start(open_thick, ()).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), 1_000);
        runs.push(run);
    }
    assert_eq!(shelf.saved(), ["cover"], "one content for all runs");
    // Another engine does not know what was saved. It saves it once more at most, under the same key.
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = builder(&place, &shelf).workflow(open_thick).workflow(peel).start().await.unwrap();
    for _ in 0..5 {
        assert_eq!(engine.start(open_thick, ()).await.unwrap().result().soon().await.unwrap(), 1_000);
    }
    assert_eq!((shelf.contents(&engine).await.len(), shelf.saved().len() <= 2), (1, true), "{:?}", shelf.saved());
    let last = engine.handle(open_thick, runs[1].id()).await.unwrap();
    engine.run(runs[0].id()).await.unwrap().delete().await.unwrap();
    let garbage = engine.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, shelf.contents(&engine).await.len()), (0, 1), "other runs have it");
    assert_eq!(last.context_at::<Thick>(u64::MAX).await.unwrap().unwrap().cover.len(), 1_000);
    let next = engine.start(open_thick, ()).id("next").continuing(last.id()).await.unwrap();
    assert_eq!(next.result().soon().await.unwrap(), 1_000);
    // Each run has its own content of another value.
    for _ in 0..2 {
        assert_eq!(engine.start(peel, ()).await.unwrap().result().soon().await.unwrap(), 900);
    }
    // The contents are the default of each workflow, and two values.
    assert_eq!(shelf.contents(&engine).await.len(), 4);
}

#[workflow(context = Thick)]
async fn peel(flow: &mut Flow<Thick>) -> Result<usize> {
    flow.update(|c| c.cover(vec![7; 900])).await?;
    Ok(flow.cover.len())
}

/// Tests that a run that never sets a routed field saves nothing in its store, and reads the initial default.
async fn a_default_that_is_not_changed_is_saved_in_no_store(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).workflow(only_looks).start().await.unwrap();
    for _ in 0..3 {
        let seen = engine.start(only_looks, ()).await.unwrap().result().soon().await.unwrap();
        assert_eq!(seen, (0, Vec::<String>::new(), 0));
    }
    assert_eq!(shelf.saved(), Vec::<String>::new());
    crash_everywhere(only_looks, ()).orders(1).await;
}

#[workflow(context = Album)]
async fn only_looks(flow: &mut Flow<Album>) -> Result<(usize, Vec<String>, usize)> {
    flow.update(|c| c.title("none".to_owned())).await?;
    Ok(look(&*flow).await?)
}
