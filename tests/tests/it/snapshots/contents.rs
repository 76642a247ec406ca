//! Contents of field stores in files and in runs that continue another: copied under the key of the new run.

use super::Desk;
use crate::runs::wait_for;
use limits::Soon as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use steadfast::field_store::{
    FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, MemoryFieldStore, StoredField,
};
use steadfast::prelude::*;
use steadfast::{EngineBuilder, EngineError, Key, ParkCause, RunFilter, Secret, StaticKeys, Status};

#[derive(StepContext, Clone)]
pub(super) struct Album {
    #[context(store = "blobs", default)]
    cover: Bytes,
    #[context(store = "blobs", default)]
    film: Lazy<Bytes>,
    #[context(store = "blobs", default)]
    notes: Vec<Secret<String>>,
    #[context(default)]
    edition: u32,
}

#[step]
async fn look(ctx: &Album) -> Result<(usize, usize, Vec<usize>, u32)> {
    let film = ctx.film.get().await?;
    let notes = ctx.notes.iter().map(|note| note.expose().len()).collect();
    Ok((ctx.cover.len(), film.len(), notes, ctx.edition))
}

/// Makes the next edition of an album, which is filled in the first.
#[workflow(context = Album)]
pub(super) async fn album(flow: &mut Flow<Album>, sleep: u64) -> Result<(usize, usize, Vec<usize>, u32)> {
    if flow.edition == 0 {
        let film = Lazy::new(Bytes::from(vec![2; 20_000]));
        let update = flow.update(|c| {
            c.cover(Bytes::from(vec![1; 10_000]));
            c.film(film).notes(vec![Secret::new("beach".into()), Secret::new("winter".into())])
        });
        update.await?;
    }
    flow.update(|c| c.edition(c.edition + 1)).await?;
    flow.sleep(Duration::from_millis(sleep)).await?;
    Ok(look(&*flow).await?)
}

const WHOLE: (usize, usize, [usize; 2]) = (10_000, 20_000, [5, 6]);

pub(super) fn is_whole(found: &(usize, usize, Vec<usize>, u32), edition: u32) {
    assert_eq!((found.0, found.1, &found.2[..], found.3), (WHOLE.0, WHOLE.1, &WHOLE.2[..], edition));
}

/// An in-memory store whose saves hang or fail on demand, after a number of saves.
#[derive(Clone, Default)]
pub(super) struct Shelf {
    inner: MemoryFieldStore,
    hangs: Arc<AtomicBool>,
    fails: Arc<AtomicBool>,
    saves: Arc<AtomicU32>,
}

impl FieldStore for Shelf {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        let is_first = self.saves.fetch_add(1, Ordering::SeqCst) == 0;
        if !is_first && self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if !is_first && self.fails.load(Ordering::SeqCst) {
            return Err(FieldStoreError::new(FieldStoreErrorKind::Io, "the shelf is full"));
        }
        self.inner.save(key, bytes).await
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        self.inner.load(key).await
    }

    async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
        self.inner.delete(field).await
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        self.inner.list(database).await
    }
}

pub(super) fn keyed(builder: EngineBuilder) -> EngineBuilder {
    builder.keys(StaticKeys::new(Key::new("k1", [7; 32])))
}

async fn open(desk: &Desk, database: &str, shelf: &Shelf) -> Engine {
    let builder = Engine::builder().sqlite(desk.path(database)).evict_after(Duration::ZERO).workflow(album);
    let builder = builder.field_store("blobs", shelf.clone()).field_store_retry(2, Duration::from_millis(1));
    keyed(builder).start().await.unwrap()
}

pub(super) async fn exported(desk: &Desk) -> (Engine, steadfast::Run) {
    let engine = open(desk, "a.db", &Shelf::default()).await;
    let run = engine.start(album, 400).id("album").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    let info = run.export(desk.path("album.run")).await.unwrap();
    assert_eq!(info.contents, 3, "the defaults stay in the database");
    assert!(info.bytes > 30_000);
    let run = engine.run("album").await.unwrap();
    (engine, run)
}

#[tokio::test]
async fn contents_travel_with_their_run_as_copy_and_as_move() {
    let desk = Desk::new();
    let (engine, run) = exported(&desk).await;
    run.export_and_end(desk.path("moved.run")).soon().await.unwrap();
    run.delete().await.unwrap();
    assert!(engine.list(RunFilter::all()).await.unwrap().is_empty());
    // The run may return, once nothing of it is left.
    engine.import(desk.path("moved.run")).await.unwrap();
    is_whole(&engine.handle(album, "album").await.unwrap().result().soon().await.unwrap(), 1);

    let shelf = Shelf::default();
    let other = open(&desk, "b.db", &shelf).await;
    other.import(desk.path("album.run")).id("copy").await.unwrap();
    other.import(desk.path("moved.run")).await.unwrap();
    for id in ["copy", "album"] {
        is_whole(&other.handle(album, id).await.unwrap().result().soon().await.unwrap(), 1);
    }
    let garbage = other.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.kept, garbage.skipped), (0, 6, 0), "{garbage:?}");

    // A copy of an ended run is as complete as that of an unfinished one.
    let ended = other.run("copy").await.unwrap();
    ended.export(desk.path("ended.run")).await.unwrap();
    let ended = engine.import(desk.path("ended.run")).id("ended").await.unwrap();
    assert_eq!(ended.status().await.unwrap().status, Status::Completed);
    let context = ended.context_at::<Album>(u64::MAX).await.unwrap().unwrap();
    assert_eq!((context.cover.len(), context.notes[1].expose().as_str()), (10_000, "winter"));
}

#[tokio::test]
async fn without_its_stores_or_keys_nothing_is_imported() {
    let desk = Desk::new();
    exported(&desk).await;
    let without = keyed(Engine::builder().in_memory()).start().await.unwrap();
    let error = without.import(desk.path("album.run")).await.unwrap_err();
    assert!(error.to_string().contains(".field_store(\"blobs\", ..)"), "{error}");
    assert!(without.list(RunFilter::all()).await.unwrap().is_empty());
    let shelf = Shelf::default();
    let without = Engine::builder().in_memory().field_store("blobs", shelf.clone()).start().await.unwrap();
    let error = without.import(desk.path("album.run")).await.unwrap_err();
    assert!(error.to_string().contains("`k1`"), "{error}");
    assert!(without.list(RunFilter::all()).await.unwrap().is_empty());
    assert_eq!(shelf.saves.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_store_that_fails_leaves_no_run() {
    let desk = Desk::new();
    exported(&desk).await;
    let shelf = Shelf::default();
    shelf.fails.store(true, Ordering::SeqCst);
    let other = open(&desk, "b.db", &shelf).await;
    let error = other.import(desk.path("album.run")).await.unwrap_err();
    assert!(error.to_string().contains("the shelf is full"), "{error}");
    assert!(other.list(RunFilter::all()).await.unwrap().is_empty());
    shelf.fails.store(false, Ordering::SeqCst);
    other.import(desk.path("album.run")).await.unwrap();
    is_whole(&other.handle(album, "album").await.unwrap().result().soon().await.unwrap(), 1);
}

#[tokio::test]
async fn a_process_that_dies_between_row_and_contents_leaves_a_parked_run_that_nobody_tries() {
    let desk = Desk::new();
    let (engine, _) = exported(&desk).await;
    is_whole(&engine.handle(album, "album").await.unwrap().result().soon().await.unwrap(), 1);
    let shelf = Shelf::default();
    shelf.hangs.store(true, Ordering::SeqCst);
    let died = open(&desk, "b.db", &shelf).await;
    let importing = tokio::spawn({
        let (died, path) = (died.clone(), desk.path("album.run"));
        async move { died.import(path).await.map(drop) }
    });
    limits::until(async || shelf.saves.load(Ordering::SeqCst) >= 2).await;
    importing.abort();
    let _ = importing.await;
    drop(died);

    shelf.hangs.store(false, Ordering::SeqCst);
    let other = open(&desk, "b.db", &shelf).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let half = other.run("album").await.unwrap();
    let info = half.status().await.unwrap();
    assert_eq!(info.parked.map(|reason| reason.cause), Some(ParkCause::Importing));
    assert_eq!(info.status, Status::Parked);
    for error in [
        other.retry("album").await.unwrap_err(),
        half.export(desk.path("half.run")).await.unwrap_err(),
        half.export_and_end(desk.path("half.run")).soon().await.unwrap_err(),
        other.import(desk.path("album.run")).await.unwrap_err(),
    ] {
        assert!(matches!(error, EngineError::WrongStatus { status: Status::Parked, .. }), "{error}");
    }
    assert_eq!(other.collect_garbage().await.unwrap().deleted, 0, "it may be at work");
    half.delete().await.unwrap();
    other.import(desk.path("album.run")).await.unwrap();
    is_whole(&other.handle(album, "album").await.unwrap().result().soon().await.unwrap(), 1);
}

#[tokio::test]
async fn a_run_that_continues_another_has_contents_of_its_own() {
    let desk = Desk::new();
    let shelf = Shelf::default();
    let engine = open(&desk, "a.db", &shelf).await;
    let first = engine.start(album, 0).id("first").await.unwrap();
    is_whole(&first.result().soon().await.unwrap(), 1);
    let second = engine.start(album, 500).id("second").continuing("first").await.unwrap();
    wait_for(&second, Status::Sleeping).await;
    engine.run("first").await.unwrap().delete().await.unwrap();
    drop((engine, first, second));
    let engine = open(&desk, "a.db", &shelf).await;
    is_whole(&engine.handle(album, "second").await.unwrap().result().soon().await.unwrap(), 2);
    let garbage = engine.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.skipped), (0, 0), "{garbage:?}");
    let third = engine.start(album, 0).id("third").continuing("second").await.unwrap();
    is_whole(&third.result().soon().await.unwrap(), 3);
}
