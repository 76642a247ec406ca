//! Runtimes that get no blocking thread: each operation that needs one returns an error, and nothing panics or is lost.

use steadfast::field_store::{FieldKey, FieldStore, FolderStore};
use steadfast::prelude::*;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);

#[workflow]
async fn plain(flow: &mut Flow, n: u64) -> Result<u64> {
    flow.sleep(Duration::ZERO).await?;
    Ok(n)
}

/// Returns a runtime whose threads cannot be spawned, because their stacks are too large.
fn without_threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().thread_stack_size(1 << 46).build().unwrap()
}

fn with_threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn assert_says(text: &dyn std::fmt::Display) {
    let text = text.to_string();
    assert!(text.contains("thread"), "{text}");
}

#[test]
fn what_needs_a_thread_that_may_block_is_an_error_without_one() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let database = folder.path().join("runs.db");
    let builder = || Engine::builder().sqlite(&database).workflow(plain);
    let (with, without) = (with_threads(), without_threads());
    let engine = with.block_on(async {
        let engine = builder().start().await.unwrap();
        let run = engine.start(plain, 1).id("p").await.unwrap();
        assert_eq!(timeout(LONG, run.result()).await.unwrap().unwrap(), 1);
        engine
    });
    without.block_on(async {
        assert_says(&engine.check().await.map(drop).unwrap_err());
        assert_says(&builder().check().await.map(drop).unwrap_err());
        assert_says(&builder().start().await.map(drop).unwrap_err());
    });
    with.block_on(async {
        assert!(engine.check().await.unwrap().is_ok());
        engine.shutdown(LONG).await.unwrap();
    });
}

#[test]
fn a_folder_of_contents_fails_a_save_without_one() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = FolderStore::new(folder.path()).unwrap();
    let bytes = Bytes::from(vec![7; 1 << 20]);
    let key = |hash| FieldKey {
        database: "d".to_owned(),
        workflow: "w".to_owned(),
        run: "r".to_owned(),
        execution: "i".to_owned(),
        field: "f".to_owned(),
        hash,
    };
    let key = key(FieldKey::hash_of(&bytes));
    without_threads().block_on(async {
        assert_says(&store.save(&key, bytes.clone()).await.unwrap_err());
        assert_says(&store.load(&key).await.unwrap_err());
    });
    with_threads().block_on(async {
        store.save(&key, bytes.clone()).await.unwrap();
        assert_eq!(store.load(&key).await.unwrap(), bytes);
    });
}
