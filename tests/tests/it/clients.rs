//! Clients: engines that start, send and look, and leave all driving to others.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{RunFilter, Status};

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_mins(1);

#[derive(Serialize, Deserialize, Clone, Debug, Message)]
struct Number(u64);

/// Adds the numbers that it is sent, to the first zero.
#[workflow]
async fn adding(flow: &mut Flow, first: u64) -> Result<u64> {
    let mut sum = first;
    loop {
        match flow.receive::<Number>().await?.0 {
            0 => return Ok(sum),
            n => sum += n,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_a_file_starts_runs_and_a_worker_drives_them() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("shared.db");
    let client = Engine::builder().sqlite(&file).client().start().await.unwrap();
    let run = client.start(adding, 1).id("early").await.unwrap();
    run.send(Number(2)).await.unwrap();
    assert!(client.workers().await.unwrap().is_empty());
    assert_eq!(client.health().await.lease_margin, None);
    let worker = Engine::builder().sqlite(&file).workflow(adding).start().await.unwrap();
    run.send(Number(0)).await.unwrap();
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.unwrap().unwrap(), 3);
    // One that is started while the worker waits is found, too.
    let late = client.start(adding, 4).await.unwrap();
    late.send(Number(0)).await.unwrap();
    assert_eq!(tokio::time::timeout(LONG, late.result()).await.unwrap().unwrap(), 4);
    let workers = client.workers().await.unwrap();
    assert_eq!(workers.len(), 1);
    assert_eq!((workers[0].process, &workers[0].serves[..]), (std::process::id(), &[("adding".to_owned(), 1)][..]));
    assert!(worker.health().await.is_well());
    worker.shutdown(LONG).await.unwrap();
    assert!(client.workers().await.unwrap().is_empty(), "it has handed its lease back");
    client.shutdown(LONG).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_takes_over_nobody() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("shared.db");
    let worker = Engine::builder().sqlite(&file).workflow(adding).start().await.unwrap();
    let run = worker.start(adding, 1).id("left").await.unwrap();
    run.send(Number(5)).await.unwrap();
    worker.shutdown(LONG).await.unwrap();
    let owner = || {
        let db = rusqlite::Connection::open(&file).unwrap();
        db.query_row("SELECT owner, epoch FROM steadfast_leases", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })
        .unwrap()
    };
    let before = owner();
    let client = Engine::builder().sqlite(&file).client().lease_term(Duration::from_millis(100)).start().await.unwrap();
    let listed = client.list(RunFilter::all()).await.unwrap();
    assert!(matches!(listed[0].status, Status::Running | Status::Sleeping), "{listed:?}");
    client.run("left").await.unwrap().send(Number(0)).await.unwrap();
    // Several terms of a lease.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(owner(), before);
    client.shutdown(LONG).await.unwrap();
    let next = Engine::builder().sqlite(&file).workflow(adding).start().await.unwrap();
    let sum = next.handle(adding, "left").await.unwrap();
    assert_eq!(tokio::time::timeout(LONG, sum.result()).await.unwrap().unwrap(), 6);
    next.shutdown(LONG).await.unwrap();
}
