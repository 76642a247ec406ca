//! Processes that stop in the middle of a transaction, and others that take their runs over.

use crate::killed::{Fleet, ends, signal};
use crate::work::{ENDING, Number, builder, doubles, doubling};
use limits::{Heard, Soon as _};
use std::time::{Duration, Instant};
use steadfast::store::PgOptions;
use throwaway_postgres::{Cluster, Database, Proxy};

/// The time after which the server ends a transaction that stands still.
const STILL: Duration = Duration::from_secs(5);

/// The transactions of engines that have begun, and have locked the row of a lease.
const FENCED: &str = "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
    WHERE a.datname = current_database() AND a.state = 'idle in transaction' AND a.application_name = 'steadfast'
        AND l.relation = 'steadfast_leases'::regclass AND l.mode = 'RowShareLock'";

fn is_fenced(database: &Database) -> bool {
    database.execute(FENCED).is_ok_and(|rows| !rows.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_between_fence_and_commit_is_taken_over() {
    let Some(cluster) = Cluster::shared() else { return };
    let fleet = Fleet::new(cluster);
    let proxy = Proxy::start(cluster.socket());
    // Slow enough to stop the process while its transaction is open.
    proxy.delay(Duration::from_millis(15));
    let owner = fleet.spawn_at(&proxy.url(fleet.database().name()), "20");
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < limits::LIMIT, "no transaction was open when the process had stopped");
        limits::hold_until(|| is_fenced(fleet.database()));
        signal(&owner, "STOP");
        // What it has sent before is on its way.
        std::thread::sleep(Duration::from_millis(100));
        if is_fenced(fleet.database()) {
            break;
        }
        signal(&owner, "CONT");
    }
    let stopped = Instant::now();
    let taker = fleet.spawn("20");
    ends(taker);
    println!("all is done {:?} after the stop", stopped.elapsed());
    assert!(!is_fenced(fleet.database()), "its transaction is still open");
    proxy.delay(Duration::ZERO);
    signal(&owner, "CONT");
    ends(owner);
    fleet.check(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leases_of_processes_that_were_killed_are_closed_once_they_own_no_run() {
    let Some(cluster) = Cluster::shared() else { return };
    let fleet = Fleet::new(cluster);
    for _ in 0..5 {
        let mut killed = fleet.spawn("4");
        Heard::of(killed.stdout.take().expect("its output")).until("started");
        killed.kill().expect("killed");
        limits::ended(&mut killed);
    }
    // It lacks the workflow of the runs, and leaves them to others.
    let engine = builder(fleet.database().url()).start().soon().await.expect("an engine");
    let leases = || fleet.database().execute("SELECT count(*) FROM steadfast_leases").expect("a count");
    limits::until(async || leases()[0][0].as_deref() == Some("1")).await;
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    doubles(&run, &[3], 6).await;
    ends(fleet.spawn("4"));
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
    fleet.check(4 + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_transaction_of_a_lost_process_holds_others_up_for_seconds_only() {
    let Some(cluster) = Cluster::shared() else { return };
    let fleet = Fleet::new(cluster);
    let engine = builder(fleet.database().url()).start().soon().await.expect("an engine");
    let proxy = Proxy::start(cluster.socket());
    proxy.delay(Duration::from_millis(15));
    let mut lost = fleet.spawn_at(&proxy.url(fleet.database().name()), "5");
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < limits::LIMIT, "no transaction was open when the network was lost");
        limits::hold_until(|| is_fenced(fleet.database()));
        proxy.stall(true);
        std::thread::sleep(Duration::from_millis(100));
        if is_fenced(fleet.database()) {
            break;
        }
        proxy.stall(false);
    }
    // The machine is gone: nothing is closed.
    signal(&lost, "STOP");
    let (stalled, mut longest) = (Instant::now(), Duration::ZERO);
    let is_taken = || {
        // The taken lease may be closed by now: its runs are left to engines with their workflow.
        let untaken = fleet.database().execute("SELECT count(*) FROM steadfast_leases WHERE epoch = 1");
        untaken.is_ok_and(|count| count[0][0].as_deref() == Some("1"))
    };
    while !is_taken() {
        assert!(stalled.elapsed() < limits::LIMIT, "it is not taken over");
        let started = Instant::now();
        engine.start(doubling, ()).soon().await.expect("a start");
        longest = longest.max(started.elapsed());
    }
    println!("taken over after {:?}; another engine's start waited {longest:?} at most", stalled.elapsed());
    assert!(longest < 2 * STILL, "{longest:?}");
    lost.kill().expect("killed");
    limits::ended(&mut lost);
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

#[derive(serde::Serialize, serde::Deserialize, Clone, Debug, steadfast::Message)]
struct Large(String);

#[tokio::test(flavor = "multi_thread")]
async fn half_a_statement_of_a_lost_process_holds_others_up_for_seconds_only() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("half");
    // It waits less long than by default for what a stopped process holds.
    let options = PgOptions::new(database.url()).expect("the URL is one").timeout(STILL);
    let engine = builder(options).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    let proxy = Proxy::start(cluster.socket());
    let client = builder(proxy.url(database.name())).client().start().soon().await.expect("a client");
    // A statement of many packets.
    proxy.delay(Duration::from_millis(5));
    let to = client.run(run.id()).soon().await.expect("a run");
    let sending = tokio::spawn(async move { to.send(Large("x".repeat(8 << 20))).await });
    let within = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
        AND xact_start < now() - interval '100 ms' AND wait_event = 'ClientRead'";
    limits::until(async || {
        assert!(!sending.is_finished(), "it was sent before anything could stop it");
        database.execute(within).is_ok_and(|rows| !rows.is_empty())
    })
    .await;
    proxy.stall(true);
    let begun = Instant::now();
    engine.send(run.id(), Number(1)).key("one").soon().await.expect("sent");
    println!("another process has sent after {:?}", begun.elapsed());
    proxy.stall(false);
    proxy.delay(Duration::ZERO);
    let error = sending.soon().await.expect("no panic").err();
    println!("the stalled one: {error:?}");
    doubles(&run, &[2], 6).await;
    for engine in [client, engine] {
        engine.shutdown(ENDING).soon().await.expect("an orderly end");
    }
}
