//! Lazy fields: equal in a replay, whatever the order of a set or the key of a secret.

use crate::garbage::Rig;
use crate::runs::wait_for;
use limits::Soon as _;
use std::collections::HashSet;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{Key, Secret, StaticKeys, Status};
use tokio::time::timeout;

#[derive(StepContext, Clone)]
struct Tagged {
    #[context(default, store = "rig")]
    tags: Lazy<HashSet<String>>,
}

fn tags() -> HashSet<String> {
    ["x", "y", "z"].into_iter().map(str::to_owned).collect()
}

#[workflow(context = Tagged)]
async fn tagged(flow: &mut Flow<Tagged>) -> Result<()> {
    for _ in 0..6 {
        flow.update(|c| c.tags(Lazy::new(tags()))).await?;
    }
    flow.sleep(Duration::from_millis(300)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_lazy_sets_are_equal_in_replay_too() {
    let engine = Engine::builder().in_memory().field_store("rig", Rig::default()).evict_after(Duration::ZERO);
    let engine = engine.workflow(tagged).start().await.unwrap();
    let run = engine.start(tagged, ()).await.unwrap();
    let result = timeout(Duration::from_secs(10), run.result()).await.unwrap();
    assert!(result.is_ok(), "{result:?}");
}

#[derive(StepContext, Clone)]
struct Hidden {
    #[context(default, store = "rig")]
    token: Lazy<Option<Secret<String>>>,
}

#[workflow(context = Hidden)]
async fn hidden(flow: &mut Flow<Hidden>) -> Result<()> {
    for _ in 0..2 {
        flow.update(|c| c.token(Lazy::new(Some(Secret::new("hunter2".to_owned()))))).await?;
    }
    flow.sleep(Duration::from_mins(1)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_lazy_secrets_are_equal_after_a_rotation_of_keys() {
    let (store, rig) = (MemoryStore::new(), Rig::default());
    let key = |id: &str, byte| Key::new(id, [byte; 32]);
    let base = || Engine::builder().store(store.clone()).field_store("rig", rig.clone()).workflow(hidden);
    let engine = base().keys(StaticKeys::new(key("k1", 1))).start().await.unwrap();
    let run = engine.start(hidden, ()).id("h").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let keys = StaticKeys::new(key("k2", 2)).with_old(key("k1", 1));
    let engine = base().keys(keys).skip_sleeps().start().await.unwrap();
    let run = engine.run("h").await.unwrap();
    let ended = async {
        loop {
            let info = run.status().await.unwrap();
            if info.status.is_final() || info.status == Status::Parked {
                return info;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let info = timeout(Duration::from_secs(10), ended).await.unwrap();
    assert_eq!(info.status, Status::Completed, "{info:?}");
}

/// A value whose serialized form lacks a field.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Lossy {
    kept: u64,
    #[serde(skip)]
    lost: u64,
}

#[derive(StepContext, Clone)]
struct Losing {
    #[context(default, store = "rig")]
    value: Lazy<Lossy>,
}

#[step]
async fn read_lossy(ctx: &Losing) -> Result<u64> {
    Ok(ctx.value.get().await?.lost)
}

#[workflow(context = Losing)]
async fn losing(flow: &mut Flow<Losing>) -> Result<Option<u64>> {
    match flow.update(|c| c.value(Lazy::new(Lossy { kept: 1, lost: 2 }))).await {
        Ok(()) => Ok(Some(read_lossy(&*flow).await?)),
        Err(_) => Ok(None),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lazy_value_that_does_not_come_back_is_refused_when_it_is_written() {
    let engine = Engine::builder().in_memory().field_store("rig", Rig::default());
    let engine = engine.workflow(losing).start().await.unwrap();
    let run = engine.start(losing, ()).await.unwrap();
    let read = run.result().soon().await.unwrap();
    assert!(matches!(read, None | Some(2)), "written 2, read {read:?}");
}
