//! Labels that a workflow changes while it runs, and by which it is found.

use crate::runs::wait_for;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::testing::crash_everywhere;
use steadfast::{ForkPoint, ParkCause, RunFilter, Status};

#[derive(Message, Serialize, Deserialize)]
struct On(bool);

#[step]
async fn pack(n: u64) -> Result<u64> {
    Ok(n)
}

/// Sets a label at each stage. On request it continues as new.
#[workflow]
async fn parcel(flow: &mut Flow, n: u64) -> Result<u64> {
    flow.set_label("stage", "packing");
    let packed = pack(flow, n).await?;
    flow.set_label("stage", "waiting");
    flow.set_label("weight", "heavy");
    let On(anew) = flow.receive().await?;
    if anew {
        flow.set_label("stage", "anew");
        return flow.continue_as_new(parcel, n + 1).await;
    }
    flow.remove_label("weight");
    flow.set_label("stage", "sent");
    Ok(packed)
}

async fn open(store: &MemoryStore) -> Engine {
    Engine::builder().store(store.clone()).workflow(parcel).start().await.unwrap()
}

async fn labels(engine: &Engine, id: &str) -> BTreeMap<String, String> {
    engine.run(id).await.unwrap().labels().await.unwrap()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn found(engine: &Engine, stage: &str) -> Vec<String> {
    let runs = engine.list(RunFilter::all().label("stage", stage)).await.unwrap();
    runs.into_iter().map(|run| run.id).collect()
}

#[tokio::test]
async fn a_run_is_found_by_what_it_last_said_also_by_the_next_process() {
    let store = MemoryStore::new();
    let engine = open(&store).await;
    let run = engine.start(parcel, 1).id("a").label("stage", "new").label("team", "red").await.unwrap();
    engine.start(parcel, 2).id("b").await.unwrap();
    for id in ["a", "b"] {
        wait_for(&engine.run(id).await.unwrap(), Status::Sleeping).await;
    }
    assert_eq!(found(&engine, "waiting").await, ["a", "b"]);
    assert!(found(&engine, "new").await.is_empty() && found(&engine, "packing").await.is_empty());
    assert_eq!(labels(&engine, "a").await, map(&[("stage", "waiting"), ("team", "red"), ("weight", "heavy")]));
    engine.send("a", On(false)).await.unwrap();
    run.result().soon().await.unwrap();
    assert_eq!(labels(&engine, "a").await, map(&[("stage", "sent"), ("team", "red")]));
    let history = engine.run("a").await.unwrap().history().await.unwrap();
    let said: Vec<String> =
        history.iter().map(ToString::to_string).filter(|entry| entry.contains("label_set")).collect();
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(said[0].contains("stage") && said[0].contains("packing") && said[3].contains("weight"), "{said:?}");

    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = open(&store).await;
    assert_eq!((found(&engine, "waiting").await, found(&engine, "sent").await), (vec!["b".into()], vec!["a".into()]));
    engine.send("b", On(false)).await.unwrap();
    assert_eq!(engine.handle(parcel, "b").await.unwrap().result().soon().await.unwrap(), 2);
    assert_eq!(found(&engine, "sent").await, ["a", "b"]);
}

#[tokio::test]
async fn a_run_that_goes_on_with_a_fresh_journal_keeps_them() {
    let engine = open(&MemoryStore::new()).await;
    let run = engine.start(parcel, 1).id("a").label("team", "red").await.unwrap();
    wait_for(&engine.run("a").await.unwrap(), Status::Sleeping).await;
    engine.send("a", On(true)).await.unwrap();
    wait_for(&engine.run("a").await.unwrap(), Status::Sleeping).await;
    engine.send("a", On(false)).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 2);
    assert_eq!(labels(&engine, "a").await, map(&[("stage", "sent"), ("team", "red")]));
}

/// Sets only the first label.
#[workflow(name = "parcel")]
async fn quiet(flow: &mut Flow, n: u64) -> Result<u64> {
    flow.set_label("stage", "packing");
    let packed = pack(flow, n).await?;
    let On(_) = flow.receive().await?;
    Ok(packed)
}

#[tokio::test]
async fn a_fork_has_those_of_its_point() {
    let store = MemoryStore::new();
    let engine = open(&store).await;
    engine.start(parcel, 1).id("a").label("stage", "new").label("team", "red").await.unwrap();
    wait_for(&engine.run("a").await.unwrap(), Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    let engine = Engine::builder().store(store.clone()).workflow(quiet).start().await.unwrap();
    let fork = engine.fork("a", ForkPoint::before("pack")).id("b").label("team", "blue").await.unwrap();
    wait_for(&fork, Status::Sleeping).await;
    assert_eq!(labels(&engine, "b").await, map(&[("stage", "packing"), ("team", "blue")]));
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    let engine = Engine::builder().store(store.clone()).workflow(changed).start().await.unwrap();
    let fork = engine.fork("a", ForkPoint::after_entry(1)).id("c").await.unwrap();
    wait_for(&fork, Status::Sleeping).await;
    assert_eq!(labels(&engine, "c").await, map(&[("stage", "new"), ("team", "red")]), "as it was started");
    assert_eq!(labels(&engine, "a").await, map(&[("stage", "waiting"), ("team", "red"), ("weight", "heavy")]));
}

/// Sets no label where the other does.
#[workflow(name = "parcel")]
async fn changed(flow: &mut Flow, n: u64) -> Result<u64> {
    let packed = pack(flow, n).await?;
    let On(_) = flow.receive().await?;
    Ok(packed)
}

/// Sets other values, which do not affect recorded labels.
#[workflow(name = "parcel")]
async fn reworded(flow: &mut Flow, n: u64) -> Result<u64> {
    flow.set_label("stage", "being packed");
    let packed = pack(flow, n).await?;
    flow.set_label("stage", "on the shelf");
    flow.set_label("weight", "heavy");
    let On(_) = flow.receive().await?;
    Ok(packed)
}

#[tokio::test]
async fn changed_code_parks_by_the_name_of_a_label_and_not_by_its_value() {
    let store = MemoryStore::new();
    let engine = open(&store).await;
    engine.start(parcel, 1).id("a").await.unwrap();
    wait_for(&engine.run("a").await.unwrap(), Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    let engine = Engine::builder().store(store.clone()).workflow(changed).start().await.unwrap();
    engine.send("a", On(false)).await.unwrap();
    let run = engine.run("a").await.unwrap();
    wait_for(&run, Status::Parked).await;
    let reason = run.status().await.unwrap().parked.unwrap();
    assert_eq!(reason.cause, ParkCause::Diverged);
    assert!(reason.to_string().contains("label `stage` set to `packing`"), "{reason}");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    let engine = Engine::builder().store(store.clone()).workflow(reworded).start().await.unwrap();
    assert_eq!(engine.handle(reworded, "a").await.unwrap().result().soon().await.unwrap(), 1);
    assert_eq!(labels(&engine, "a").await["stage"], "waiting", "what was said then was said");
}

#[workflow]
async fn nameless(flow: &mut Flow, name: String) -> Result<()> {
    flow.set_label(&name, "x");
    flow.sleep(Duration::from_millis(1)).await;
    Ok(())
}

#[tokio::test]
async fn a_label_without_a_name_parks_the_run() {
    let engine = Engine::builder().in_memory().workflow(nameless).start().await.unwrap();
    for name in [String::new(), "n".repeat(513)] {
        let run = engine.start(nameless, name).await.unwrap();
        wait_for(&run, Status::Parked).await;
        let reason = run.status().await.unwrap().parked.unwrap();
        assert_eq!(reason.cause, ParkCause::Unstorable);
        assert!(reason.message.contains("the name of a label has 1 to 512 bytes"), "{reason}");
    }
}

#[workflow]
async fn counted(flow: &mut Flow, n: u64) -> Result<u64> {
    for each in 0..n {
        flow.set_label("at", &each.to_string());
        pack(flow, each).await?;
        flow.remove_label("at");
    }
    Ok(n)
}

#[tokio::test]
async fn they_survive_a_crash_at_every_commit() {
    println!("{:?}", crash_everywhere(counted, 3).await);
}
