//! Servers that crash, restart and end connections, while engines work.

use crate::killed::{Fleet, ends};
use crate::work::{ENDING, Number, builder, doubles, doubling};
use limits::{Dice, Soon as _};
use std::process::Child;
use std::time::{Duration, Instant};
use throwaway_postgres::{Cluster, ClusterOptions, available};

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_mins(4);

/// A server of its own, for a test that crashes it. A killed process loses nothing of what it gave to the system, so
/// that the server need not wait for the disk.
fn cluster() -> Option<Cluster> {
    let settings = vec![("fsync", "off".to_owned())];
    available(Cluster::start_with(&ClusterOptions { settings, ..ClusterOptions::default() }))
}

const RUNS: usize = 600;

/// Starts two processes that work on the same runs, and waits until both engines have begun.
fn two_workers(fleet: &Fleet) -> [Child; 2] {
    let workers = [fleet.spawn(&RUNS.to_string()), fleet.spawn(&RUNS.to_string())];
    let leases = || fleet.database().execute("SELECT count(*) FROM steadfast_leases");
    limits::hold_until(|| leases().is_ok_and(|count| count[0][0].as_deref() == Some("2")));
    workers
}

/// Returns whether all runs have ended.
fn is_done(fleet: &Fleet) -> bool {
    let done = "SELECT count(*) FROM steadfast_runs WHERE status = 'completed'";
    let done = fleet.database().execute(done);
    done.is_ok_and(|count| count[0][0].as_deref() == Some(RUNS.to_string().as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_again_and_again_loses_nothing_and_repeats_nothing() {
    let Some(cluster) = cluster() else { return };
    let fleet = Fleet::new(&cluster);
    let (mut dice, begun) = (Dice::seeded(20_261_201), Instant::now());
    let workers = two_workers(&fleet);
    let mut crashes = 0;
    while !is_done(&fleet) {
        assert!(begun.elapsed() < LONG, "it does not end");
        crashes += 1;
        std::thread::sleep(Duration::from_millis(200 + dice.below(700)));
        cluster.kill();
        std::thread::sleep(Duration::from_millis(dice.below(300)));
        cluster.restart();
    }
    workers.into_iter().for_each(ends);
    println!("{crashes} crashes in {:?}", begun.elapsed());
    fleet.check(RUNS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_ended_at_random_lose_nothing_and_repeat_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let fleet = Fleet::new(cluster);
    let (mut dice, begun) = (Dice::seeded(20_261_202), Instant::now());
    let workers = two_workers(&fleet);
    let mut ended = 0;
    while !is_done(&fleet) {
        assert!(begun.elapsed() < LONG, "it does not end");
        std::thread::sleep(Duration::from_millis(10 + dice.below(60)));
        let one = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY md5(pid || '{}') LIMIT {}",
            dice.below(1_000),
            1 + dice.below(3),
        );
        ended += fleet.database().execute(&one).expect("ended").len();
    }
    println!("{ended} connections ended in {:?}", begun.elapsed());
    workers.into_iter().for_each(ends);
    fleet.check(RUNS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_goes_on_after_an_outage_without_being_restarted() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database("outage");
    let engine = builder(database.url()).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    run.send(Number(1)).soon().await.expect("sent");
    for n in 2..=4 {
        cluster.stop_fast();
        let sending = run.send(Number(n));
        // The message waits for the server for a while.
        let back = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            tokio::task::block_in_place(|| cluster.restart());
        };
        let (sent, ()) = limits::soon("a message over a restart", async { tokio::join!(sending, back) }).await;
        sent.expect("sent, though the server was away for a moment");
    }
    doubles(&run, &[5], 30).await;
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_an_outage_that_is_longer_than_a_restart() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database("outage");
    let engine = builder(database.url()).start().soon().await.expect("an engine");
    cluster.kill();
    let starting = async { engine.start(doubling, ()).id("during").await };
    let back = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        tokio::task::block_in_place(|| cluster.restart());
    };
    let (started, ()) = limits::soon("a start over an outage", async { tokio::join!(starting, back) }).await;
    let message = started.map(|_| ()).expect_err("nothing was written, and its caller may repeat it").to_string();
    assert!(message.contains("cannot be reached") || message.contains("was lost"), "{message}");
    let run = engine.start(doubling, ()).id("during").soon().await.expect("a start");
    assert!(run.is_new());
    doubles(&run, &[1], 2).await;
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_ends_while_there_is_no_server() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database("gone");
    let engine = builder(database.url()).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    run.send(Number(1)).soon().await.expect("sent");
    cluster.stop_fast();
    let begun = Instant::now();
    let error = engine.shutdown(Duration::from_secs(1)).soon().await.expect_err("its lease cannot be handed back");
    println!("ended after {:?}: {error}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let refused = run.status().soon().await.expect_err("there is no server").to_string();
    assert!(refused.contains("the server cannot be reached") && refused.contains(database.name()), "{refused}");
    drop((run, engine));
    cluster.restart();
    let next = builder(database.url()).start().soon().await.expect("an engine");
    let runs = next.list(steadfast::RunFilter::all()).soon().await.expect("a list");
    let run = next.handle(doubling, &runs[0].id).soon().await.expect("a handle");
    run.send(Number(0)).soon().await.expect("sent");
    assert_eq!(run.result().soon().await.expect("a result"), 2);
    next.shutdown(ENDING).soon().await.expect("an orderly end");
}
