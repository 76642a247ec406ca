//! Workers that join a fleet get their share of the runs that sleep in the others.

use crate::work::{ENDING, Number, doubling};
use limits::Soon as _;
use std::collections::BTreeMap;
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, RunHandle};
use throwaway_postgres::{Cluster, Database, Proxy};

/// A fresh database; `None` if this machine has no server.
fn database() -> Option<Database> {
    Cluster::shared().map(|cluster| cluster.database("joining"))
}

/// The name of an engine, which its steps return.
struct Name(&'static str);

#[step]
async fn here(#[resource] name: &Name) -> Result<String> {
    Ok(name.0.to_owned())
}

/// Sleeps, and returns the name of the engine in which it woke.
#[workflow(resources(Name))]
async fn napping(flow: &mut Flow, millis: u64) -> Result<String> {
    flow.sleep(Duration::from_millis(millis)).await?;
    Ok(here(flow).await?)
}

#[workflow(name = "quote", version = 1)]
async fn quote_1(flow: &mut Flow) -> Result<()> {
    Ok(flow.sleep(Duration::from_hours(1)).await?)
}

#[workflow(name = "quote", version = 2)]
async fn quote_2(flow: &mut Flow) -> Result<()> {
    Ok(flow.sleep(Duration::from_hours(1)).await?)
}

fn builder(url: &str, name: &'static str) -> EngineBuilder {
    let builder = Engine::builder().postgres(url).lease_term(Duration::from_secs(2)).resource(Name(name));
    builder.workflow(napping).workflow(doubling)
}

/// Returns how many sleeping runs each lease has, in the order of the leases, each as `workflow version`.
fn asleep(database: &Database) -> BTreeMap<String, Vec<u64>> {
    let query = "SELECT r.workflow || ' ' || r.version, count(r.number) FROM steadfast_leases l
        LEFT JOIN steadfast_runs r ON r.lease = l.number AND r.status = 'sleeping' GROUP BY r.workflow, r.version, l.number
        ORDER BY l.number";
    let mut asleep: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in database.execute(query).expect("counts") {
        let [Some(of), Some(count)] = row.as_slice() else { continue };
        asleep.entry(of.clone()).or_default().push(count.parse().expect("a number"));
    }
    asleep
}

async fn starts(engine: &Engine, millis: u64, count: usize) -> Vec<RunHandle<String>> {
    let mut runs = Vec::new();
    for _ in 0..count {
        runs.push(engine.start(napping, millis).soon().await.expect("a start"));
    }
    runs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_joins_gets_its_share_of_the_sleeping_runs_once() {
    let Some(database) = database() else { return };
    let first = builder(database.url(), "first").start().soon().await.expect("an engine");
    let runs = starts(&first, 20_000, 40).await;
    let mut waiting = Vec::new();
    for _ in 0..40 {
        waiting.push(first.start(doubling, ()).soon().await.expect("a start"));
    }
    // What is in memory stays where it is.
    limits::until(async || first.health().await.active == 0).await;
    let second = builder(database.url(), "second").start().soon().await.expect("an engine");
    limits::until(async || asleep(&database).values().all(|counts| *counts == [20, 20])).await;
    let third = builder(database.url(), "third").start().soon().await.expect("an engine");
    // Each of the two gives a third of its own.
    let thirds = |counts: &Vec<u64>| counts.iter().all(|count| (13..=14).contains(count)) && counts.len() == 3;
    limits::until(async || asleep(&database).values().all(thirds)).await;
    let settled = asleep(&database);

    // What is sent to a run reaches it wherever it is, and its starter hears of the end.
    for run in &waiting {
        first.send(run.id(), Number(7)).soon().await.expect("sent");
        third.send(run.id(), Number(0)).soon().await.expect("sent");
    }
    for run in &waiting {
        assert_eq!(run.result().soon().await.expect("a result"), 14);
    }
    let naps = &settled["napping 1"];
    assert_eq!(asleep(&database), BTreeMap::from([("napping 1".to_owned(), naps.clone())]), "a run went back");
    let mut woken: BTreeMap<String, u64> = BTreeMap::new();
    for run in &runs {
        *woken.entry(run.result().soon().await.expect("a result")).or_default() += 1;
        let history = run.history().soon().await.expect("a history");
        let steps = history.iter().filter(|entry| entry.name.as_deref() == Some("here")).map(|entry| entry.attempt);
        assert!(steps.clone().count() > 0 && steps.max().flatten() == Some(1), "{history:?}");
    }
    println!("woken in {woken:?}");
    assert_eq!(woken.into_values().collect::<Vec<_>>(), *naps);
    for engine in [first, second, third] {
        engine.shutdown(ENDING).soon().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_gets_only_runs_of_versions_that_it_has() {
    let Some(database) = database() else { return };
    let bare = || Engine::builder().postgres(database.url()).lease_term(Duration::from_secs(2));
    let first = bare().workflow(quote_1).workflow(quote_2).start().soon().await.expect("an engine");
    for _ in 0..10 {
        first.start(quote_1, ()).soon().await.expect("a start");
        first.start(quote_2, ()).soon().await.expect("a start");
    }
    limits::until(async || asleep(&database).values().all(|counts| *counts == [10])).await;
    let client = bare().client().start().soon().await.expect("a client");
    let second = bare().workflow(quote_2).start().soon().await.expect("an engine");
    limits::until(async || asleep(&database)["quote 2"] == [5, 5]).await;
    assert_eq!(asleep(&database)["quote 1"], [10]);
    for engine in [client, first, second] {
        engine.shutdown(ENDING).soon().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_worker_that_is_lost_just_after_it_joined_wake_elsewhere() {
    let Some(database) = database() else { return };
    let first = builder(database.url(), "first").start().soon().await.expect("an engine");
    let runs = starts(&first, 10_000, 20).await;
    let proxy = Proxy::start(Cluster::shared().expect("it is there").socket());
    let second = builder(&proxy.url(database.name()), "second").start().soon().await.expect("an engine");
    limits::until(async || asleep(&database).get("napping 1").is_some_and(|counts| *counts == [10, 10])).await;
    proxy.stall(true);
    for run in &runs {
        assert_eq!(run.result().soon().await.expect("a result"), "first");
    }
    proxy.stall(false);
    for engine in [first, second] {
        // The second one may find that it holds nothing.
        let _ = engine.shutdown(ENDING).soon().await;
    }
}
