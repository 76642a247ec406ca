//! How clients learn of results: by notifications, and by one look for all that wait.

use crate::work::{ENDING, Number, builder, doubling};
use futures_util::future::join_all;
use limits::Soon as _;
use std::time::{Duration, Instant};
use steadfast::RunFilter;
use steadfast::prelude::*;
use steadfast::store::PgOptions;
use throwaway_postgres::{Cluster, Database};

/// A fresh database; `None` if this machine has no server.
fn database() -> Option<Database> {
    Cluster::shared().map(|cluster| cluster.database("told"))
}

/// Returns how many transactions the server has committed in the database; one statement by itself is one.
fn committed(database: &Database) -> f64 {
    let query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    let rows = database.execute(query).expect("a count");
    rows[0][0].as_deref().and_then(|count| count.parse().ok()).expect("a number")
}

/// Returns how many transactions the server commits in a second, while nothing is asked of the engines.
async fn rate(database: &Database) -> f64 {
    // A session reports what it has done a second later, and one that is idle since then ten seconds later.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let (before, begun) = (committed(database), Instant::now());
    tokio::time::sleep(Duration::from_secs(5)).await;
    (committed(database) - before) / begun.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_waiting_clients_cost_a_few_statements_a_second_and_are_told_at_once() {
    let Some(database) = database() else { return };
    let worker = builder(database.url()).start().soon().await.expect("a worker");
    let client = builder(database.url()).client().start().soon().await.expect("a client");
    let starts = (0..64).map(|_| async { client.start(doubling, ()).soon().await.expect("a start") });
    let runs = join_all(starts).await;
    limits::until(async || worker.health().await.active == 0).await;
    let alone = rate(&database).await;
    let waiting: Vec<_> = runs.iter().cloned().map(|run| tokio::spawn(async move { run.result().await })).collect();
    let all = rate(&database).await;
    println!("{alone:.0} statements/s without waiters, {all:.0} with 64");
    assert!(all - alone < 20.0, "64 waiters cost {:.0} statements/s", all - alone);

    let mut waits = Vec::new();
    for (run, waiting) in runs.iter().zip(waiting) {
        worker.send(run.id(), Number(0)).soon().await.expect("sent");
        let ended = Instant::now();
        assert_eq!(waiting.soon().await.expect("no panic").expect("a result"), 0);
        waits.push(ended.elapsed());
    }
    waits.sort_unstable();
    println!("from the last message to the result: median {:?}, most {:?}", waits[32], waits[63]);
    assert!(waits[32] < Duration::from_millis(150), "{waits:?}");
    for engine in [client, worker] {
        engine.shutdown(ENDING).soon().await.expect("an orderly end");
    }
}

/// Shows a number for each message, to the first zero.
#[workflow]
async fn counting(flow: &mut Flow) -> Result<()> {
    let numbers = flow.stream::<u64>("numbers");
    while let Number(n @ 1..) = flow.receive::<Number>().await? {
        numbers.write(&n);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_streams_are_told_of_items_and_look_rarely() {
    let Some(database) = database() else { return };
    let worker = builder(database.url()).workflow(counting).start().soon().await.expect("a worker");
    let client = builder(database.url()).client().start().soon().await.expect("a client");
    let run = client.start(counting, ()).soon().await.expect("a start");
    limits::until(async || worker.health().await.active == 0).await;
    let alone = rate(&database).await;
    let (told, mut read) = tokio::sync::mpsc::unbounded_channel();
    let mut numbers = run.stream::<u64>("numbers");
    let reading = tokio::spawn(async move {
        while let Some((_, number)) = numbers.next().await.expect("an item") {
            told.send(number).expect("it is read");
        }
    });
    let with_reader = rate(&database).await;
    println!("{alone:.0} statements/s without a reader, {with_reader:.0} with one");
    assert!(with_reader - alone < 15.0, "a reader costs {:.0} statements/s", with_reader - alone);
    let mut waits = Vec::new();
    for n in 1..=20 {
        let sent = Instant::now();
        worker.send(run.id(), Number(n)).soon().await.expect("sent");
        assert_eq!(read.recv().soon().await, Some(n));
        waits.push(sent.elapsed());
    }
    waits.sort_unstable();
    println!("from a message to the item: median {:?}, most {:?}", waits[10], waits[19]);
    assert!(waits[10] < Duration::from_millis(150), "{waits:?}");
    worker.send(run.id(), Number(0)).soon().await.expect("sent");
    reading.soon().await.expect("no panic");
    for engine in [client, worker] {
        engine.shutdown(ENDING).soon().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notifications_one_look_finds_the_ends_of_all() {
    let Some(database) = database() else { return };
    let options =
        || PgOptions::new(database.url()).expect("the URL is one").poll_only().poll(Duration::from_millis(50));
    let worker = builder(options()).start().soon().await.expect("a worker");
    let client = builder(options()).client().start().soon().await.expect("a client");
    let starts = (0..16).map(|_| async { client.start(doubling, ()).soon().await.expect("a start") });
    let runs = join_all(starts).await;
    let waiting: Vec<_> = runs.iter().cloned().map(|run| tokio::spawn(async move { run.result().await })).collect();
    limits::until(async || worker.health().await.active == 0).await;
    let deleted = &runs[0];
    for run in &runs {
        worker.send(run.id(), Number(0)).soon().await.expect("sent");
    }
    for waiting in waiting {
        assert_eq!(waiting.soon().await.expect("no panic").expect("a result"), 0);
    }
    worker.run(deleted.id()).soon().await.expect("a run").delete().soon().await.expect("deleted");
    assert!(deleted.result().soon().await.is_err(), "it is gone");
    // A caller that waits is told when its engine ends.
    let run = client.start(doubling, ()).soon().await.expect("a start");
    let waiting = tokio::spawn(async move { run.result().await });
    limits::until(async || worker.list(RunFilter::all()).await.is_ok_and(|runs| runs.len() == 16)).await;
    client.shutdown(ENDING).soon().await.expect("an orderly end");
    assert!(waiting.soon().await.expect("no panic").is_err(), "its engine has ended");
    worker.shutdown(ENDING).soon().await.expect("an orderly end");
}
