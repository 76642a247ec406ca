//! Engines that share the work of one database: clients, and workers that have different workflows.

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};
use steadfast::EngineBuilder;
use steadfast::prelude::*;
use steadfast::{RunFilter, Status};
use throwaway_postgres::{Cluster, Database, Proxy};

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_mins(1);

/// A fresh database; `None` if this machine has no server.
fn database() -> Option<Database> {
    Cluster::shared().map(|cluster| cluster.database("shared"))
}

fn builder(database: &Database) -> EngineBuilder {
    Engine::builder().postgres(database.url()).lease_term(Duration::from_secs(2))
}

#[step]
async fn double(n: u64) -> Result<u64> {
    Ok(n * 2)
}

#[workflow]
async fn doubled(flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(double(flow, n).await?)
}

#[derive(Serialize, Deserialize, Clone, Debug, Message)]
struct Number(u64);

/// Adds the numbers that it is sent, to the first zero.
#[workflow]
async fn adding(flow: &mut Flow) -> Result<u64> {
    let mut sum = 0;
    loop {
        match flow.receive::<Number>().await?.0 {
            0 => return Ok(sum),
            n => sum += n,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_a_client_starts_is_driven_by_a_worker() {
    let Some(database) = database() else { return };
    let client = builder(&database).client().start().await.expect("a client");
    let run = client.start(doubled, 21).id("early").await.expect("a start");
    // Nobody has the workflow yet.
    assert_eq!(run.status().await.expect("a status").status, Status::Running);
    let worker = builder(&database).workflow(doubled).start().await.expect("a worker");
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result"), 42);
    let late = client.start(doubled, 4).await.expect("a start");
    assert_eq!(tokio::time::timeout(LONG, late.result()).await.expect("in time").expect("a result"), 8);
    assert_eq!(client.list(RunFilter::all()).await.expect("a list").len(), 2);
    worker.shutdown(LONG).await.expect("an orderly end");
    client.shutdown(LONG).await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_claims_only_the_versions_that_it_has() {
    #[workflow(name = "quote", version = 1)]
    async fn quote_1(_flow: &mut Flow) -> Result<u32> {
        Ok(1)
    }
    #[workflow(name = "quote", version = 2)]
    async fn quote_2(_flow: &mut Flow) -> Result<u32> {
        Ok(2)
    }
    let Some(database) = database() else { return };
    let client = builder(&database).client().start().await.expect("a client");
    let old = builder(&database).workflow(quote_1).start().await.expect("a worker");
    let second = client.start(quote_2, ()).id("second").await.expect("a start");
    let first = client.start(quote_1, ()).id("first").await.expect("a start");
    assert_eq!(tokio::time::timeout(LONG, first.result()).await.expect("in time").expect("a result"), 1);
    // The older worker had as much time for it, and left it alone.
    assert_eq!(second.status().await.expect("a status").status, Status::Running);
    let new = builder(&database).workflow(quote_2).start().await.expect("a worker");
    assert_eq!(tokio::time::timeout(LONG, second.result()).await.expect("in time").expect("a result"), 2);
    for engine in [old, new, client] {
        engine.shutdown(LONG).await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_inherits_what_it_has_no_workflow_for_leaves_it_to_others() {
    let Some(database) = database() else { return };
    let first = builder(&database).workflow(adding).start().await.expect("a worker");
    let run = first.start(adding, ()).id("sum").await.expect("a start");
    run.send(Number(5)).await.expect("sent");
    first.shutdown(LONG).await.expect("an orderly end");
    // It takes the lease over, and has another workflow.
    let other = builder(&database).workflow(doubled).start().await.expect("a worker");
    let handle = other.run("sum").await.expect("a run");
    handle.send(Number(6)).await.expect("sent");
    let unowned = || database.execute("SELECT count(*) FROM steadfast_runs WHERE lease IS NULL").expect("a count");
    let begun = Instant::now();
    while unowned()[0][0].as_deref() != Some("1") {
        assert!(begun.elapsed() < LONG, "it keeps a run that it cannot drive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = handle.status().await.expect("a status").status;
    assert!(matches!(status, Status::Running | Status::Sleeping), "{status:?}");
    let third = builder(&database).workflow(adding).start().await.expect("a worker");
    handle.send(Number(0)).await.expect("sent");
    let sum = third.handle(adding, "sum").await.expect("a handle");
    assert_eq!(tokio::time::timeout(LONG, sum.result()).await.expect("in time").expect("a result"), 11);
    for engine in [other, third] {
        engine.shutdown(LONG).await.expect("an orderly end");
    }
}

/// When the body got each message.
static ARRIVED: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

/// A note beside the history, which no workflow reads back.
fn arrived() {
    ARRIVED.lock().expect("never poisoned").push(Instant::now());
}

/// Notes when a message has reached it, until one is zero.
#[workflow]
async fn noting(flow: &mut Flow) -> Result<()> {
    while flow.receive::<Number>().await?.0 > 0 {
        arrived();
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_another_process_wakes_the_body_at_once() {
    let Some(database) = database() else { return };
    let worker = builder(&database).workflow(noting).start().await.expect("a worker");
    let client = builder(&database).client().start().await.expect("a client");
    let run = client.start(noting, ()).await.expect("a start");
    let mut waits = Vec::new();
    for n in 1..=25 {
        let sent = Instant::now();
        run.send(Number(n)).await.expect("sent");
        while ARRIVED.lock().expect("never poisoned").len() < usize::try_from(n).expect("a small number") {
            assert!(sent.elapsed() < LONG, "message {n} does not arrive");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        waits.push(ARRIVED.lock().expect("never poisoned").last().expect("arrived").duration_since(sent));
    }
    waits.sort_unstable();
    println!("from send to the woken body: median {:?}, most {:?}", waits[waits.len() / 2], waits[waits.len() - 1]);
    run.send(Number(0)).await.expect("sent");
    tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result");
    for engine in [worker, client] {
        engine.shutdown(LONG).await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_names_the_versions_that_no_living_worker_has() {
    #[workflow(name = "quote", version = 1)]
    async fn quote_1(flow: &mut Flow) -> Result<()> {
        Ok(flow.sleep(Duration::from_hours(1)).await?)
    }
    #[workflow(name = "quote", version = 2)]
    async fn quote_2(_flow: &mut Flow) -> Result<u32> {
        Ok(2)
    }
    let Some(database) = database() else { return };
    let client = builder(&database).client().start().await.expect("a client");
    let unserved = async || client.health().await.unserved;
    let named =
        async || -> Vec<_> { unserved().await.into_iter().map(|of| (of.workflow, of.version, of.runs)).collect() };
    let before = SystemTime::now();
    for _ in 0..3 {
        client.start(quote_1, ()).await.expect("a start");
    }
    let second = client.start(quote_2, ()).await.expect("a start");
    let (first, newer) = (("quote".to_owned(), 1, 3), ("quote".to_owned(), 2, 1));
    assert_eq!(named().await, [first.clone(), newer.clone()], "no worker is there");
    let since = unserved().await[0].since;
    // To the millisecond.
    assert!(since + Duration::from_millis(1) >= before && since <= SystemTime::now(), "{since:?}");
    let written = serde_json::to_value(client.health().await).expect("it can be written");
    assert_eq!((&written["unserved"][1]["version"], &written["unserved"][1]["runs"]), (&2.into(), &1.into()));

    let old = builder(&database).workflow(quote_1).start().await.expect("a worker");
    assert_eq!(named().await, [newer], "the older one is there");
    let proxy = Proxy::start(Cluster::shared().expect("it is there").socket());
    let lost = Engine::builder().postgres(proxy.url(database.name())).lease_term(Duration::from_secs(2));
    let lost = lost.workflow(quote_2).start().await.expect("a worker");
    assert_eq!(second.result().soon().await.expect("a result"), 2);
    assert_eq!(named().await, []);

    // It hands its runs back, and nobody else has them.
    limits::until(async || old.health().await.active == 0).await;
    old.shutdown(LONG).await.expect("an orderly end");
    assert_eq!(named().await, std::slice::from_ref(&first));
    let again = builder(&database).workflow(quote_1).start().await.expect("a worker");
    limits::until(async || named().await.is_empty()).await;
    again.shutdown(LONG).await.expect("an orderly end");

    // It cannot say that it is gone.
    proxy.stall(true);
    client.start(quote_2, ()).await.expect("a start");
    limits::until(async || named().await.iter().any(|(_, version, _)| *version == 2)).await;
    proxy.stall(false);
    client.shutdown(LONG).await.expect("an orderly end");
    // It may find that its lease is gone.
    let _ = lost.shutdown(LONG).await;
}
