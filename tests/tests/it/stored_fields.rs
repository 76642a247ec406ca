//! Fields in stores, in running workflows (cases T7, F1 to F8): saved before the pointer to them, never partially,
//! never lost, and collected when no pointer is left.

mod defaults;
mod shelf;

use crate::place::Place;
use crate::runs::wait_for;
use limits::Soon as _;
pub(crate) use shelf::Shelf;
use std::collections::BTreeSet;
use steadfast::field_store::{FieldKey, FolderStore};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineBuilder, ParkCause, RunError, Status};

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Album {
    #[context(default)]
    title: String,
    #[context(default, store = "shelf")]
    cover: Bytes,
    #[context(default, store = "shelf")]
    pages: Vec<String>,
    #[context(default, store = "shelf")]
    raw: Lazy<Vec<u8>>,
    #[context(default)]
    seen: u64,
}

#[step]
async fn look(ctx: &Album) -> Result<(usize, Vec<String>, usize)> {
    Ok((ctx.cover.len(), ctx.pages.clone(), ctx.raw.get().await?.len()))
}

#[step]
async fn hold() -> Result<()> {
    std::future::pending().await
}

#[workflow(context = Album)]
async fn collect(flow: &mut Flow<Album>, n: usize) -> Result<(usize, Vec<String>, usize)> {
    flow.update(|c| c.cover(vec![7; n].into()).pages(vec!["a".into(), "b".into()]).raw(Lazy::new(vec![1; n]))).await?;
    let seen = look(flow).await?;
    for _ in 0..100 {
        flow.update(|c| c.seen(c.seen + 1)).await?;
    }
    flow.sleep(Duration::from_mins(1)).await?;
    let again = look(flow).await?;
    assert_eq!(seen, again);
    Ok(again)
}

fn builder(place: &Place, shelf: &Shelf) -> EngineBuilder {
    let retry = Duration::from_millis(1);
    place.builder().field_store("shelf", shelf.clone()).field_store_retry(4, retry)
}

fn expected(n: usize) -> (usize, Vec<String>, usize) {
    (n, vec!["a".into(), "b".into()], n)
}

crate::tests_on!(memory, postgres:
    a_routed_field_is_saved_once_and_loaded_after_a_restart,
    two_runs_have_separate_contents_and_take_them_along_when_they_are_deleted,
    a_store_that_fails_is_tried_again_and_the_status_says_so,
    a_store_that_has_given_up_is_a_failure_that_the_workflow_can_catch_and_meets_again_in_replay,
    what_was_saved_before_a_crash_is_found_and_collected,
    a_content_that_cannot_be_loaded_parks_the_run_and_is_never_taken_for_absent,
    a_workflow_body_cannot_read_a_lazy_field,
    equal_content_is_saved_once_in_a_run_and_a_dropped_change_is_dropped_in_replay_too,
);

async fn a_routed_field_is_saved_once_and_loaded_after_a_restart(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).workflow(collect).start().await.unwrap();
    let run = engine.start(collect, 1_000).id("album-1").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    let key: BTreeSet<String> = shelf.contents(&engine).await.iter().map(|field| field.path().to_owned()).collect();
    let fields: BTreeSet<String> =
        key.iter().filter_map(|path| path.parse::<FieldKey>().ok()).map(|key| key.field).collect();
    assert_eq!(fields, BTreeSet::from(["cover".into(), "pages".into(), "raw".into()]));
    // The defaults are not saved, nor is anything for a hundred updates of another field.
    assert_eq!(shelf.saved(), ["cover", "pages", "raw"]);
    assert!(shelf.loads.lock().unwrap().iter().all(|field| field == "raw"), "only the lazy field was loaded");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    let engine = builder(&place, &shelf).skip_sleeps().workflow(collect).start().await.unwrap();
    let run = engine.handle(collect, "album-1").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), expected(1_000));
    assert_eq!(shelf.saved().len(), 3, "what is there is not saved again");
    let album = run.context_at::<Album>(u64::MAX).await.unwrap().unwrap();
    assert_eq!((album.cover.len(), album.seen), (1_000, 100));
    assert_eq!(album.raw.get().await.unwrap().len(), 1_000);
    let history = run.context_history().await.unwrap().to_string();
    assert!(history.contains("cover  <0 bytes, form bytes> -> <1000 bytes in store `shelf`>"), "{history}");
}

async fn two_runs_have_separate_contents_and_take_them_along_when_they_are_deleted(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).skip_sleeps().workflow(collect).start().await.unwrap();
    let runs = [engine.start(collect, 10).id("a").await.unwrap(), engine.start(collect, 10).id("b").await.unwrap()];
    for run in &runs {
        assert_eq!(run.result().soon().await.unwrap(), expected(10));
    }
    let all = shelf.contents(&engine).await;
    assert_eq!(all.len(), 6, "three fields of two runs");
    let garbage = engine.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.kept, garbage.skipped), (0, 6, 0));
    let [a, b] = runs;
    steadfast::Run::clone(&a).delete().await.unwrap();
    assert_eq!(shelf.contents(&engine).await.len(), 3);
    assert_eq!(b.context_at::<Album>(u64::MAX).await.unwrap().unwrap().cover.len(), 10);
}

async fn a_store_that_fails_is_tried_again_and_the_status_says_so(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).field_store_retry(1_000, Duration::from_millis(20));
    let engine = engine.workflow(collect).start().await.unwrap();
    shelf.fail_after("pages", 0, 1_000_000);
    let run = engine.start(collect, 5).id("a").await.unwrap();
    let blocked = loop {
        if let Some(blocked) = run.status().await.unwrap().blocked {
            break blocked;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    assert!(blocked.starts_with("field `pages` is not saved yet: store `shelf` failed"), "{blocked}");
    assert!(blocked.ends_with("the shelf is wet"), "{blocked}");
    assert_eq!(run.context_at::<Album>(u64::MAX).await.unwrap(), None, "nothing of the change is to be seen");
    shelf.fail_after("pages", 0, 0);
    wait_for(&run, Status::Sleeping).await;
    assert_eq!(run.status().await.unwrap().blocked, None);
    assert_eq!(run.context_at::<Album>(u64::MAX).await.unwrap().unwrap().pages.len(), 2);
}

#[workflow(context = Album)]
async fn catches(flow: &mut Flow<Album>) -> Result<String> {
    flow.update(|c| c.title("before")).await?;
    let refused = flow.update(|c| c.title("after").cover(Bytes::from_static(b"x")).pages(vec!["y".into()])).await;
    assert_eq!((flow.title.as_str(), flow.pages.len()), ("before", 0), "the old context is back");
    flow.sleep(Duration::from_mins(1)).await?;
    flow.update(|c| c.cover(Bytes::from_static(b"x"))).await?;
    Ok(refused.unwrap_err().to_string())
}

async fn a_store_that_has_given_up_is_a_failure_that_the_workflow_can_catch_and_meets_again_in_replay(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).workflow(catches).start().await.unwrap();
    shelf.fail_after("pages", 0, 1_000);
    let run = engine.start(catches, ()).id("a").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    shelf.fail_after("pages", 0, 0);
    let engine = builder(&place, &shelf).skip_sleeps().workflow(catches).start().await.unwrap();
    let error = engine.handle(catches, "a").await.unwrap().result().soon().await.unwrap();
    assert_eq!(
        error,
        "field `pages` of context `Album`: store `shelf` did not take the value: the shelf is wet (4 tries)"
    );
    // A content of the refused change is kept, because a later change points to it. There is no other.
    let garbage = engine.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.failures.len()), (0, 0));
}

async fn what_was_saved_before_a_crash_is_found_and_collected(place: Place) {
    #[workflow(context = Album)]
    async fn cover_only(flow: &mut Flow<Album>) -> Result<()> {
        flow.update(|c| c.cover(Bytes::from_static(b"new")).pages(vec!["never".into()])).await?;
        hold(flow).await?;
        Ok(())
    }
    #[workflow(context = Album, name = "cover_only")]
    #[expect(clippy::unused_async, reason = "a workflow is async")]
    async fn broken(flow: &mut Flow<Album>) -> Result<()> {
        panic!("the code of {} is broken", flow.title);
    }
    let shelf = Shelf::default();
    let slow = || builder(&place, &shelf).field_store_retry(1_000_000, Duration::from_millis(5)).workflow(cover_only);
    let engine = slow().start().await.unwrap();
    shelf.fail_after("pages", 0, u32::MAX);
    let run = engine.start(cover_only, ()).id("a").await.unwrap();
    limits::until(async || run.status().await.unwrap().blocked.is_some()).await;
    assert_eq!(shelf.contents(&engine).await.len(), 1, "the cover is there, and nothing points to it");
    let busy = engine.collect_garbage().await.unwrap();
    assert_eq!((busy.deleted, busy.skipped), (0, 1), "a run that is saving is left alone");
    // Simulates a crash: everything in flight is dropped.
    drop((run, engine));

    let other = Place::memory().unwrap();
    let elsewhere = builder(&other, &shelf).workflow(cover_only).start().await.unwrap();
    assert_eq!(elsewhere.collect_garbage().await.unwrap().deleted, 0, "another database's are not looked at");
    let engine = builder(&place, &shelf).workflow(broken).start().await.unwrap();
    let run = engine.run("a").await.unwrap();
    wait_for(&run, Status::Parked).await;
    run.cancel("no longer wanted").await.unwrap().force().await.unwrap();
    let garbage = engine.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.kept), (1, 0));
}

async fn a_content_that_cannot_be_loaded_parks_the_run_and_is_never_taken_for_absent(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).workflow(collect).start().await.unwrap();
    let run = engine.start(collect, 9).id("a").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    *shelf.unreadable.lock().unwrap() = true;
    let engine = builder(&place, &shelf).skip_sleeps().workflow(collect).start().await.unwrap();
    let run = engine.handle(collect, "a").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on without its fields") };
    assert_eq!(reason.cause, ParkCause::FieldStore);
    assert!(
        reason.message.starts_with("field `cover` (written by entry 3) cannot be loaded from store `shelf`"),
        "{reason}"
    );
    assert!(run.context_at::<Album>(u64::MAX).await.unwrap_err().to_string().contains("the shelf is locked"));
    *shelf.unreadable.lock().unwrap() = false;
    engine.retry("a").await.unwrap();
    wait_for(&run, Status::Completed).await;
    assert_eq!(run.result().soon().await.unwrap(), expected(9));
}

#[tokio::test]
async fn a_store_that_the_engine_does_not_have_is_refused_at_its_start() {
    let error = Engine::builder().in_memory().workflow(collect).start().await.unwrap_err().to_string();
    assert!(
        error.starts_with(
            "field `cover` of context `Album` (workflow `collect`) goes to the field store `shelf`, which the engine does \
             not have: add `.field_store(\"shelf\""
        ),
        "{error}"
    );
}

#[workflow(context = Album)]
async fn reads_lazily(flow: &mut Flow<Album>) -> Result<String> {
    // Uses another name, so that the macro does not detect the read.
    let raw = &flow.raw;
    match raw.get().await {
        Ok(bytes) => Ok(format!("{} bytes", bytes.len())),
        Err(error) => Ok(error.to_string()),
    }
}

async fn a_workflow_body_cannot_read_a_lazy_field(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).workflow(reads_lazily).start().await.unwrap();
    let text = engine.start(reads_lazily, ()).await.unwrap().result().soon().await.unwrap();
    assert!(text.starts_with("the body of workflow `reads_lazily` cannot read a lazy field"), "{text}");
}

#[tokio::test]
async fn a_change_with_routed_fields_survives_every_fault() {
    let report = crash_everywhere(collect, 3).orders(1).await;
    assert!(report.scenarios > 8 * report.commits, "{report:?}");
}

/// Sets a field back to an earlier value, and drops a change half-way.
#[workflow(context = Album)]
async fn back_and_forth(flow: &mut Flow<Album>) -> Result<u64> {
    flow.update(|c| c.pages(vec!["one".into()])).await?;
    flow.update(|c| c.pages(vec!["two".into()])).await?;
    flow.update(|c| c.pages(vec!["one".into()])).await?;
    let dropped = futures_util::future::select(
        Box::pin(flow.update(|c| c.pages(vec!["dropped".into()]))),
        Box::pin(std::future::ready(())),
    );
    drop(dropped.await);
    assert_eq!(flow.pages, ["one"]);
    hold_not(flow, flow.pages.len()).await?;
    flow.update(|c| c.seen(c.seen + 1)).await?;
    Ok(flow.seen)
}

#[step]
async fn hold_not(n: usize) -> Result<usize> {
    Ok(n)
}

async fn equal_content_is_saved_once_in_a_run_and_a_dropped_change_is_dropped_in_replay_too(place: Place) {
    let shelf = Shelf::default();
    let engine = builder(&place, &shelf).workflow(back_and_forth).start().await.unwrap();
    assert_eq!(engine.start(back_and_forth, ()).await.unwrap().result().soon().await.unwrap(), 1);
    let pages = shelf.saved().iter().filter(|field| *field == "pages").count();
    // «one» and «two» are saved. The default stays in the database, and the dropped change was not even begun.
    assert_eq!(pages, 2, "{:?}", shelf.saved());
    crash_everywhere(back_and_forth, ()).orders(1).await;
}

#[tokio::test]
async fn sixty_four_megabytes_come_back_from_a_folder_byte_for_byte() {
    #[step]
    async fn digest(ctx: &Big) -> Result<(usize, String)> {
        Ok((ctx.file.len(), steadfast::field_store::FieldKey::hash_of(&ctx.file)))
    }
    #[derive(StepContext, Clone)]
    struct Big {
        #[context(default, store = "disk")]
        file: Bytes,
    }
    #[workflow(context = Big)]
    async fn big(flow: &mut Flow<Big>) -> Result<(usize, String)> {
        let file: Vec<u8> = (0..64 << 20).map(|n: u32| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
        flow.update(|c| c.file(file.into())).await?;
        Ok(digest(flow).await?)
    }
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("big.db")).workflow(big);
    let engine = engine.field_store("disk", FolderStore::new(folder.path().join("blobs")).unwrap());
    let engine = engine.start().await.unwrap();
    let run = engine.start(big, ()).await.unwrap();
    let (size, hash) = run.result().soon().await.unwrap();
    assert_eq!(size, 64 << 20);
    let stored = run.context_at::<Big>(u64::MAX).await.unwrap().unwrap();
    assert_eq!(steadfast::field_store::FieldKey::hash_of(&stored.file), hash);
    let database = std::fs::metadata(folder.path().join("big.db")).unwrap().len();
    assert!(database < 1 << 20, "the database holds what points to it, {database} bytes");
}
