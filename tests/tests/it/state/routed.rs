//! Fields of shared state in a field store, and those that are loaded when a step reads them.

use limits::Soon as _;
use std::sync::atomic::Ordering::SeqCst;
use steadfast::field_store::{FieldKey, FolderStore, from_fns};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Album {
    #[context(default)]
    pages: u32,
    #[context(default, store = "blobs")]
    cover: Bytes,
    #[context(default, store = "blobs")]
    scan: Lazy<Bytes>,
}

#[step]
async fn add(state: &State<Album>, n: u32) -> Result<u32> {
    let byte = u8::try_from(n).expect("small");
    state
        .edit(move |album| {
            album.pages += 1;
            album.scan = Lazy::new(Bytes::from(vec![byte; 3_000]));
        })
        .await?;
    // Only the changed field is saved again.
    state.edit(move |album| album.cover = Bytes::from(vec![byte; 20])).await?;
    let seen = state.read().await?;
    assert!(seen.scan.stored_bytes().is_some(), "in memory it is a pointer once it is saved");
    let scan = seen.scan.get().await?;
    assert_eq!(scan.len(), 3_000);
    Ok(u32::from(scan[0]))
}

#[step]
async fn look(state: &State<Album>) -> Result<(u32, usize, usize)> {
    let album = state.read().await?;
    Ok((album.pages, album.cover.len(), album.scan.get().await?.len()))
}

#[workflow(state = Album)]
async fn album(flow: &Flow, pages: u32) -> Result<(u32, usize, usize)> {
    for page in 1..=pages {
        add(flow, page).await?;
        // The workflow reads the same in every replay.
        assert_eq!(flow.state::<Album>().cover, vec![u8::try_from(page).expect("small"); 20]);
    }
    Ok(look(flow).await?)
}

#[step]
async fn wait_for(flag: String) -> Result<()> {
    while !std::path::Path::new(&flag).exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

#[workflow(state = Album)]
async fn in_two_lives(flow: &Flow, flag: String) -> Result<(u32, usize, usize)> {
    add(flow, 7).await?;
    wait_for(flow, flag).await?;
    add(flow, 8).await?;
    Ok(look(flow).await?)
}

#[tokio::test]
async fn a_field_of_shared_state_goes_to_its_store_and_comes_back_after_a_restart() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (file, blobs, flag) = (folder.path().join("a.db"), folder.path().join("blobs"), folder.path().join("flag"));
    let start = async || {
        let store = FolderStore::new(&blobs).unwrap();
        Engine::builder().sqlite(&file).field_store("blobs", store).workflow(in_two_lives).start().await.unwrap()
    };
    let first = start().await;
    let flag_text = flag.to_str().unwrap().to_owned();
    let run = first.start(in_two_lives, flag_text.clone()).id("album").await.unwrap();
    let added = tokio::time::timeout(Duration::from_secs(30), async {
        while run.state::<Album>().await.unwrap().is_none_or(|album| album.cover.len() != 20) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    added.await.expect("the first step ends");
    let album = run.state::<Album>().await.unwrap().expect("a state");
    assert_eq!((album.pages, album.cover, album.scan.stored_bytes()), (1, Bytes::from(vec![7; 20]), Some(3_000)));
    first.shutdown(Duration::from_secs(5)).await.unwrap();
    std::fs::write(&flag, "go").unwrap();
    let second = start().await;
    let run = second.start(in_two_lives, flag_text).id("album").await.unwrap();
    let result = tokio::time::timeout(Duration::from_secs(30), run.result()).await;
    assert_eq!(result.expect("it ends").unwrap(), (2, 20, 3_000));
    let database = std::fs::metadata(&file).unwrap().len();
    println!("the database has {database} bytes");
    // None of it is garbage, not even contents that only earlier entries point to.
    let garbage = second.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.kept), (0, 4), "{garbage:?}");
    assert!(second.check().await.unwrap().is_ok());
}

#[tokio::test]
async fn routed_state_survives_every_crash() {
    let report = crash_everywhere(album, 2).await;
    assert!(report.scenarios > 20, "{report:?}");
}

#[tokio::test]
async fn a_store_that_fails_fails_the_edit_and_nothing_of_it_remains() {
    let full = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_full = full.clone();
    let shelf = std::sync::Arc::new(std::sync::Mutex::new(Vec::<(FieldKey, Bytes)>::new()));
    let same = shelf.clone();
    let store = from_fns(
        move |key: FieldKey, bytes: Bytes| {
            let full = is_full.swap(false, SeqCst);
            if !full {
                shelf.lock().expect("no panic").push((key, bytes));
            }
            async move { if full { Err("the disk is full") } else { Ok(()) } }
        },
        move |key: FieldKey| {
            let shelf = same.lock().expect("no panic");
            let found = shelf.iter().find(|(saved, _)| *saved == key).map(|(_, bytes)| bytes.clone());
            async move { found.ok_or("it is not there") }
        },
    );
    let engine = Engine::builder().in_memory().field_store("blobs", store).workflow(twice).start().await.unwrap();
    let result = engine.start(twice, ()).await.unwrap().result().soon().await.unwrap();
    assert!(result.0.contains("`cover`") && result.0.contains("the disk is full"), "{result:?}");
    assert_eq!((result.1, full.load(SeqCst)), (5, false));
}

#[step]
async fn try_twice(state: &State<Album>) -> Result<(String, usize)> {
    let refused = state.edit(|album| album.cover = Bytes::from_static(b"12345")).await.unwrap_err();
    assert_eq!(state.read().await?.cover, "");
    state.edit(|album| album.cover = Bytes::from_static(b"12345")).await?;
    Ok((refused.to_string(), state.read().await?.cover.len()))
}

#[workflow(state = Album)]
async fn twice(flow: &Flow) -> Result<(String, usize)> {
    Ok(try_twice(flow).await?)
}

#[tokio::test]
async fn a_store_that_is_not_there_is_found_when_the_engine_starts() {
    let store = steadfast::field_store::MemoryFieldStore::default();
    let engine = Engine::builder().in_memory().field_store("other", store).workflow(album).start().await;
    let refused = engine.map(drop).unwrap_err().to_string();
    assert!(refused.contains("field `cover` of the shared state `Album` (workflow `album`)"), "{refused}");
    assert!(refused.contains("field store `blobs`"), "{refused}");
}

#[tokio::test]
async fn a_unit_test_of_a_step_needs_no_store() {
    let state = State::for_tests(Album { pages: 0, cover: Bytes::new(), scan: Lazy::default() });
    state.edit(|album| album.cover = Bytes::from_static(b"new")).await.unwrap();
    assert_eq!(look::direct(&state).await.unwrap(), (0, 3, 0));
}
