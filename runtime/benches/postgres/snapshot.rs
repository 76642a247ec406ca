//! (c) A session that holds a snapshot open, beside full load: what a long report, an idle session in a transaction or
//! a replication slot does to an engine, and to a loop that updates a row for each step.
//!
//! Under an open snapshot no dead version of a row can be removed. Beside both stands the engine without a snapshot.
//! `STEADFAST_BENCH_SECONDS` says for how long each is under load; 10 seconds unless chosen otherwise.

use crate::raw::{BODY, with_client};
use crate::sequence;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use throwaway_postgres::{Cluster, Database, Session};
use tokio::runtime::Runtime;

/// The runs at once, each of so many steps; the rows of the loop.
const LANES: u32 = 50;
const STEPS: u64 = 20;

/// The parts of the time, of which the first and the last are compared.
const PARTS: u32 = 10;

/// What one of them has done.
struct Measured {
    name: &'static str,
    /// Steps a second in each part.
    rates: Vec<f64>,
    /// How long the last commits took, beside the first ones; only of the loop, whose rate is given.
    commits: Option<(Duration, Duration)>,
    /// Dead rows by table.
    dead: Vec<(String, u64)>,
}

pub(crate) fn beside_a_snapshot(runtime: &Runtime, cluster: &Cluster) {
    let seconds =
        std::env::var("STEADFAST_BENCH_SECONDS").map_or(10, |text| text.parse().expect("a number of seconds"));
    let time = Duration::from_secs(seconds);
    let alone = engine_under_load(runtime, &cluster.database("alone"), time, false);
    let engine = engine_under_load(runtime, &cluster.database("snapshot"), time, true);
    let rate = engine.rates.iter().sum::<f64>() / f64::from(PARTS);
    let updating = loop_beside(&cluster.database("updates"), time, rate);
    println!("\na snapshot held open for {seconds} s, steps/s of {LANES} runs at once");
    println!("{:<34} {:>9} {:>9} {:>6} {:>19}  dead rows", "", "first", "last", "ratio", "ms/commit");
    for Measured { name, rates, commits, dead } in [&alone, &engine, &updating] {
        let (first, last) = (rates[0], rates[rates.len() - 1]);
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let commits = commits.map_or_else(String::new, |(a, b)| format!("{:.2} -> {:.2}", millis(a), millis(b)));
        let dead: Vec<_> = dead.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
        println!("{name:<34} {first:>9.0} {last:>9.0} {:>6.2} {commits:>19}  {}", last / first, dead.join(", "));
    }
    let of_log = engine.dead.iter().find(|(table, _)| table == "steadfast_log").map(|(_, rows)| *rows);
    assert_eq!(of_log, Some(0), "the log has dead rows");
}

/// Opens a session whose snapshot sees the database as it is now, for as long as it lives.
fn held(database: &Database) -> Session {
    let mut session = database.session().expect("a session");
    for statement in ["BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM pg_class"] {
        session.execute(statement).expect("executed");
    }
    session
}

/// Returns the dead rows of the tables with this prefix, as the server has counted them.
fn dead_rows(database: &Database, prefix: &str) -> Vec<(String, u64)> {
    // Sessions tell the server at most once a second what they have done.
    std::thread::sleep(Duration::from_secs(2));
    let query = format!(
        "SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE relname LIKE '{prefix}%'
            AND (n_dead_tup > 0 OR relname = 'steadfast_log') ORDER BY relname"
    );
    let rows = database.execute(&query).expect("the counts are read");
    let row = |row: Vec<Option<String>>| match &row[..] {
        [Some(table), Some(dead)] => (table.clone(), dead.parse().expect("a number")),
        _ => panic!("two columns"),
    };
    rows.into_iter().map(row).collect()
}

/// Calls `done` at the end of each part, and returns the rates.
fn rates(time: Duration, done: &AtomicU64) -> Vec<f64> {
    let mut before = done.load(Ordering::Relaxed);
    let parts = (0..PARTS).map(|_| {
        let begun = Instant::now();
        std::thread::sleep(time / PARTS);
        let now = done.load(Ordering::Relaxed);
        let steps = u32::try_from(now - before).expect("fewer than 2^32 steps in a part");
        before = now;
        f64::from(steps) / begun.elapsed().as_secs_f64()
    });
    parts.collect()
}

fn engine_under_load(runtime: &Runtime, database: &Database, time: Duration, is_beside: bool) -> Measured {
    let engine = runtime.block_on(crate::engine(database));
    let (done, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let lanes: Vec<_> = (0..LANES)
        .map(|_| {
            let (engine, done, is_over) = (engine.clone(), done.clone(), is_over.clone());
            runtime.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let run = engine.start(sequence, STEPS).await.expect("a start");
                    run.result().await.expect("a result");
                    done.fetch_add(STEPS, Ordering::Relaxed);
                }
            })
        })
        .collect();
    // The first runs find plans and caches.
    std::thread::sleep(time / PARTS);
    let snapshot = is_beside.then(|| held(database));
    let rates = rates(time, &done);
    is_over.store(true, Ordering::Relaxed);
    runtime.block_on(futures_util::future::try_join_all(lanes)).expect("no lane panics");
    let dead = dead_rows(database, "steadfast");
    drop(snapshot);
    runtime.block_on(engine.shutdown(Duration::from_secs(10))).expect("an orderly end");
    let name = if is_beside { "steps of the engine" } else { "the same without a snapshot" };
    Measured { name, rates, commits: None, dead }
}

/// Updates a row for each step, all lanes in one commit, at most at this rate.
fn loop_beside(database: &Database, time: Duration, rate: f64) -> Measured {
    let (done, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let commits = std::sync::Mutex::new(Vec::new());
    let mut snapshot = None;
    let rates = std::thread::scope(|scope| {
        scope.spawn(|| {
            with_client(database, async |client| {
                let table = "CREATE TABLE jobs (run BIGINT PRIMARY KEY, seq BIGINT, body TEXT)";
                client.batch_execute(table).await.expect("a table");
                let runs: Vec<i64> = (0..i64::from(LANES)).collect();
                let insert = "INSERT INTO jobs SELECT unnest($1::bigint[]), 0, ''";
                client.execute(insert, &[&runs]).await.expect("the rows");
                let update = "UPDATE jobs SET seq = seq + 1, body = $2 WHERE run = ANY ($1)";
                let update = client.prepare(update).await.expect("a statement");
                let pause = Duration::from_secs_f64(f64::from(LANES) / rate);
                let mut next = Instant::now();
                while !is_over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    client.execute(&update, &[&runs, &BODY]).await.expect("updated");
                    commits.lock().expect("never poisoned").push(begun.elapsed());
                    done.fetch_add(u64::from(LANES), Ordering::Relaxed);
                    // What could not be done in time is not caught up with.
                    next = (next + pause).max(Instant::now());
                    tokio::time::sleep_until(next.into()).await;
                }
                0.0
            });
        });
        std::thread::sleep(time / PARTS);
        snapshot = Some(held(database));
        commits.lock().expect("never poisoned").clear();
        let rates = rates(time, &done);
        is_over.store(true, Ordering::Relaxed);
        rates
    });
    let commits = commits.into_inner().expect("never poisoned");
    let some = (commits.len() / 10).max(1);
    let mean = |of: &[Duration]| of.iter().sum::<Duration>() / u32::try_from(some).expect("few");
    let commits = Some((mean(&commits[..some]), mean(&commits[commits.len() - some..])));
    let dead = dead_rows(database, "jobs");
    drop(snapshot);
    Measured { name: "a loop with an update for each step", rates, commits, dead }
}
