//! Evicted runs wake at their due time, whenever messages arrive.

use crate::garbage::{Rig, builder, healthy, keeper};
use crate::runs::wait_for;
use futures_util::future::{join_all, try_join_all};
use limits::{Dice, Soon as _};
use serde::{Deserialize, Serialize};
use std::future::IntoFuture as _;
use std::sync::atomic::Ordering;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{RunHandle, Status};

#[derive(Message, Serialize, Deserialize)]
struct Question;

#[derive(Message, Serialize, Deserialize)]
struct Note(u64);

/// Asks a question that gets no answer, then counts the messages that arrived meanwhile.
#[workflow]
async fn asks(flow: &mut Flow, millis: u64) -> Result<u64> {
    let answer = flow.request::<Question, Note>(Question).within(Duration::from_millis(millis));
    assert!(answer.await?.is_none());
    let mut told = 0;
    while let Some(note) = flow.try_receive::<Note>() {
        told += note.0;
    }
    Ok(told)
}

/// Each run is alone in its engine, so that no timer of another run wakes it by accident.
#[tokio::test(flavor = "multi_thread")]
async fn an_evicted_run_wakes_at_its_due_time_whenever_messages_arrive() {
    let mut dice = Dice::seeded(1);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lanes = (0..16).map(|lane| {
        let waits = (0..20).map(|_| [50, 60, 60].map(|bound| dice.below(bound))).collect::<Vec<_>>();
        let builder = Engine::builder().sqlite(folder.path().join(format!("{lane}.db"))).evict_after(Duration::ZERO);
        async move {
            let engine = builder.workflow(asks).start().await.unwrap();
            for [limit, first, second] in waits {
                let run = engine.start(asks, limit).await.unwrap();
                for wait in [first, second] {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    // The run may have ended.
                    let _ = run.send(Note(1)).await;
                }
                run.result().soon().await.unwrap();
            }
        }
    });
    join_all(lanes.collect::<Vec<_>>()).await;
}

/// The number of stuck runs. They are given up 8 at a time, each after 2 seconds: before another run they would take
/// more than a minute.
const STUCK: usize = 300;

async fn stuck(engine: &Engine, millis: u64) -> Vec<RunHandle<usize>> {
    let starts = (0..STUCK).map(|_| engine.start(keeper, millis).into_future());
    let stuck = try_join_all(starts).soon().await.unwrap();
    for run in &stuck {
        wait_for(run, Status::Sleeping).await;
    }
    stuck
}

/// Lets the store answer again, and waits until the stuck runs end.
async fn freed(engine: &Engine, rig: Rig, stuck: &[RunHandle<usize>]) {
    rig.0.hang_load.store(false, Ordering::SeqCst);
    // Notified repeatedly: a load that has just read the flag is not waiting yet.
    let told = tokio::spawn(async move {
        loop {
            rig.0.go_on.notify_waiters();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    for run in stuck {
        let run = engine.handle(keeper, run.id()).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), 4);
    }
    told.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_due_does_not_wait_for_those_whose_contents_do_not_come() {
    let (store, rig) = (MemoryStore::new(), Rig::default());
    let engine = builder(&store, &rig).field_store_timeout(Duration::from_hours(1)).start().await.unwrap();
    let stuck = stuck(&engine, 2_000).await;
    let well = engine.start(healthy, 2_500).await.unwrap();
    rig.0.hang_load.store(true, Ordering::SeqCst);
    assert_eq!(well.result().soon().await.unwrap(), 2_500);
    freed(&engine, rig, &stuck).await;
}

#[workflow]
async fn listens(flow: &mut Flow) -> Result<u64> {
    Ok(flow.receive::<Note>().await?.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_came_while_nobody_ran_does_not_wait_for_those_whose_contents_do_not_come() {
    let (store, rig) = (MemoryStore::new(), Rig::default());
    let open = || builder(&store, &rig).field_store_timeout(Duration::from_hours(1)).workflow(listens).start();
    let engine = open().await.unwrap();
    let stuck = stuck(&engine, 1_000).await;
    engine.start(listens, ()).id("listens").await.unwrap();
    wait_for(&engine.run("listens").await.unwrap(), Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(30)).await.unwrap();
    // This engine has no workflows, so it only enqueues the message.
    let other = Engine::builder().store(store.clone()).start().await.unwrap();
    other.send("listens", Note(7)).await.unwrap();
    other.shutdown(Duration::from_secs(30)).await.unwrap();
    rig.0.hang_load.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let engine = open().await.unwrap();
    assert_eq!(engine.handle(listens, "listens").await.unwrap().result().soon().await.unwrap(), 7);
    freed(&engine, rig, &stuck).await;
}
