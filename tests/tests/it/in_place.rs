//! Changes of the context copy only what they change, also in a replay.

use crate::runs::wait_for;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};
use steadfast::Status;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;

/// The number of copies of a large field.
static COPIES: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Large(Vec<u64>);

impl Clone for Large {
    fn clone(&self) -> Self {
        COPIES.fetch_add(1, Ordering::SeqCst);
        Self(self.0.clone())
    }
}

#[derive(StepContext, Clone)]
struct Shelf {
    #[context(default)]
    large: Large,
    #[context(default)]
    count: usize,
}

#[derive(Message, Serialize, Deserialize)]
struct Go;

const CHANGES: usize = 100;

#[workflow(context = Shelf)]
async fn changing(flow: &mut Flow<Shelf>) -> Result<usize> {
    for count in 1..=CHANGES {
        flow.update(|c| c.count(count)).await?;
    }
    flow.receive::<Go>().await?;
    Ok(flow.count + flow.large.0.len())
}

#[tokio::test]
async fn many_changes_of_one_field_do_not_copy_another() {
    let store = MemoryStore::new();
    let open = || Engine::builder().store(store.clone()).workflow(changing).start();
    let engine = open().await.unwrap();
    let run = engine.start(changing, ()).id("shelf").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(30)).await.unwrap();
    let live = COPIES.swap(0, Ordering::SeqCst);

    let engine = open().await.unwrap();
    let run = engine.handle(changing, "shelf").await.unwrap();
    run.send(Go).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), CHANGES);
    let replayed = COPIES.load(Ordering::SeqCst);
    assert!(live < 5 && replayed < 5, "{CHANGES} changes copied it {live} times, and replayed ones {replayed} times");
}
