//! Field stores that hang: they block only their own runs, which report it.

use crate::garbage::{Inner, Keep, Rig, builder, healthy, keeper};
use crate::runs::wait_for;
use limits::Soon as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use steadfast::Status;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn field_stores_that_hang_hold_up_only_their_own_runs() {
    let (store, rig) = (MemoryStore::new(), Rig::default());
    let engine = builder(&store, &rig).start().await.unwrap();
    for number in 0..8 {
        let run = engine.start(keeper, 2_000).id(format!("sick-{number}")).await.unwrap();
        wait_for(&run, Status::Sleeping).await;
    }
    let run = engine.start(healthy, 2_000).id("healthy").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    rig.0.hang_load.store(true, Ordering::SeqCst);
    let result = timeout(Duration::from_secs(15), run.result()).await;
    let status = run.status().await.unwrap();
    rig.0.hang_load.store(false, Ordering::SeqCst);
    for _ in 0..50 {
        rig.0.go_on.notify_waiters();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(result.is_ok(), "a run without any field waits for the stores of others: {status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_repeated_after_a_crash_in_the_copying_says_what_to_do() {
    let (store, rig) = (MemoryStore::new(), Rig::default());
    let engine = builder(&store, &rig).start().await.unwrap();
    let first = engine.start(keeper, 0).id("first").await.unwrap();
    assert_eq!(first.result().soon().await.unwrap(), 4);
    rig.0.hang_save.store(true, Ordering::SeqCst);
    let start = async { engine.start(keeper, 0).id("second").continuing("first").await.map(drop) };
    assert!(timeout(Duration::from_millis(500), start).await.is_err());
    drop((first, engine));

    // The "process" is another one now, and the caller repeats its start, as callers do.
    let again = Rig(Arc::new(Inner { contents: rig.0.contents.clone(), ..Inner::default() }));
    let engine = builder(&store, &again).start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let start = || engine.start(keeper, 0).id("second").continuing("first");
    let error = start().await.unwrap_err().to_string();
    assert!(error.contains("its fields are still being copied. If the process that did so has died"), "{error}");
    engine.run("second").await.unwrap().delete().await.unwrap();
    let result = timeout(Duration::from_secs(5), start().await.unwrap().result()).await.unwrap();
    assert_eq!(result.unwrap(), 4);
}

/// Tests that a program exits while a load from a field store hangs.
#[test]
fn a_program_ends_although_a_field_store_hangs_in_a_load() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (store, rig) = (MemoryStore::new(), Rig::default());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let engine = builder(&store, &rig).start().await.unwrap();
            let run = engine.start(keeper, 500).id("k").await.unwrap();
            wait_for(&run, Status::Sleeping).await;
            rig.0.hang_load.store(true, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            engine.shutdown(Duration::from_millis(500)).await.unwrap();
        });
        let begun = std::time::Instant::now();
        drop(runtime);
        tell.send(begun.elapsed()).unwrap();
    });
    let ended = told.recv_timeout(Duration::from_secs(20));
    assert!(ended.is_ok(), "the runtime waits for the load");
    println!("{ended:?}");
}

/// Sets only `a`, in one save.
#[workflow(context = Keep)]
async fn saver(start: Start<Keep>) -> Result<usize> {
    let flow = start.with(Keep::builder().a(Bytes::from_static(b"kept")).build()).await?;
    flow.sleep(Duration::from_hours(1)).await?;
    Ok(flow.a.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_store_hangs_in_a_save_says_so_and_can_be_cancelled() {
    let (store, rig) = (MemoryStore::new(), Rig::default());
    rig.0.hang_save.store(true, Ordering::SeqCst);
    let engine = builder(&store, &rig).workflow(saver).start().await.unwrap();
    let run = engine.start(saver, ()).id("s").await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    run.cancel("enough").await.unwrap();
    let cancelled = timeout(Duration::from_secs(10), run.result()).await;
    let info = run.status().await.unwrap();
    assert!(cancelled.is_ok(), "10 s after it was cancelled: {info:?}");
}
