//! Networks that cut, delay and lose: a proxy between an engine and the server.

use crate::work::{ENDING, Number, builder, doubles, doubling};
use limits::{Dice, Soon as _};
use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use steadfast::history::Kind;
use steadfast::store::PgOptions;
use steadfast::{Engine, EngineError, Error, RunHandle};
use throwaway_postgres::{Cluster, ClusterOptions, Database, Proxy, Session, available};

/// A database, and a proxy before its server; `None` if this machine has no server.
fn behind_proxy() -> Option<(Database, Proxy)> {
    let cluster = Cluster::shared()?;
    Some((cluster.database("network"), Proxy::start(cluster.socket())))
}

/// An engine whose heartbeats and looks are so far apart that every commit is one of the test's own.
async fn quiet(database: &Database, proxy: &Proxy) -> Engine {
    let options = PgOptions::new(&proxy.url(database.name())).expect("the URL is one").poll_only();
    let builder = builder(options.poll(Duration::from_hours(1))).lease_term(Duration::from_hours(1));
    builder.start().soon().await.expect("an engine")
}

fn count(database: &Database, what: &str) -> u64 {
    let rows = database.execute(&format!("SELECT count(*) FROM {what}")).expect("a count");
    rows[0][0].as_deref().and_then(|count| count.parse().ok()).expect("a number")
}

/// Waits until so many steps are in the log, and the log has stopped growing.
async fn settled(database: &Database, run: &RunHandle<u64, Error>, steps: u64) {
    let mut last = 0;
    limits::until(async || {
        let before = std::mem::replace(&mut last, count(database, "steadfast_log"));
        tokio::time::sleep(Duration::from_millis(25)).await;
        let history = run.history().await.expect("a history");
        let done = history.iter().filter(|entry| entry.kind == Kind::StepCompleted).count();
        before == last && u64::try_from(done).is_ok_and(|done| done >= steps)
    })
    .await;
}

/// Starts a run as a caller does who repeats what may have failed.
async fn started(engine: &Engine, id: &str) -> RunHandle<u64, Error> {
    loop {
        match engine.start(doubling, ()).id(id).soon().await {
            Ok(run) => return run,
            Err(EngineError::Store(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_whose_commit_is_answered_by_nobody_is_made_once_and_says_so() {
    let Some((database, proxy)) = behind_proxy() else { return };
    let engine = quiet(&database, &proxy).await;
    for n in 1..=5 {
        proxy.drop_answer_to("steadfast_batch(");
        let run = engine.start(doubling, ()).id(format!("run-{n}")).soon().await.expect("it was written");
        assert!(run.is_new(), "this call has started it");
        doubles(&run, &[n], 2 * n).await;
    }
    assert_eq!((proxy.lost_answers(), count(&database, "steadfast_runs")), (5, 5));
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_commit_is_answered_by_nobody_arrives_once() {
    let Some((database, proxy)) = behind_proxy() else { return };
    let engine = quiet(&database, &proxy).await;
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    let (mut unknown, mut sum) = (0, 0);
    for n in 1..=12 {
        settled(&database, &run, n - 1).await;
        proxy.drop_next_answer();
        if n % 2 == 0 {
            engine.send(run.id(), Number(n)).key(n.to_string()).soon().await.expect("a message with a key is repeated");
        } else if let Err(error) = run.send(Number(n)).soon().await {
            // Without a key the caller must know that it may have arrived. It has.
            assert!(error.to_string().contains("the connection was lost"), "{error}");
            unknown += 1;
        }
        sum += 2 * n;
    }
    println!("{} answers lost, {unknown} messages of unknown outcome", proxy.lost_answers());
    assert!(unknown > 0);
    doubles(&run, &[], sum).await;
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_commit_is_answered_by_nobody_counts_once() {
    let Some((database, proxy)) = behind_proxy() else { return };
    let engine = quiet(&database, &proxy).await;
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    let mut dice = Dice::seeded(20_261_203);
    let (mut sum, begun) = (0, Instant::now());
    for n in 1.. {
        run.send(Number(n)).soon().await.expect("sent");
        // The next commits are those of the run: of the message that it takes, and of the step.
        tokio::time::sleep(Duration::from_micros(dice.below(3_000))).await;
        match dice.below(3) {
            0 => proxy.drop_next_answer(),
            1 => proxy.drop_answer_to("steadfast_batch("),
            _ => proxy.drop_answer_to("steadfast_append("),
        }
        limits::until(async || count(&database, "steadfast_inbox WHERE taken IS NULL") == 0).await;
        sum += 2 * n;
        if proxy.lost_answers() >= 8 {
            break;
        }
        assert!(begun.elapsed() < limits::LIMIT, "{} answers lost", proxy.lost_answers());
        // What is left of the order would be for the next message.
        proxy.drop_answer_to("nothing that an engine executes");
    }
    doubles(&run, &[], sum).await;
    let history = run.history().soon().await.expect("a history");
    let mut steps: Vec<_> = history.iter().filter(|entry| entry.name.as_deref() == Some("double")).collect();
    let all = steps.len();
    steps.dedup_by_key(|entry| (entry.position, entry.kind, entry.attempt));
    assert_eq!(steps.len(), all, "an entry is there twice");
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_and_delayed_at_random_lose_nothing() {
    let Some((database, proxy)) = behind_proxy() else { return };
    let url = proxy.url(database.name());
    let worker = builder(url.as_str()).start().soon().await.expect("a worker");
    let client = builder(url.as_str()).client().start().soon().await.expect("a client");
    let (mut dice, is_over) = (Dice::seeded(20_261_204), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (proxy, is_over) = (&proxy, &is_over);
        scope.spawn(move || {
            let mut cuts = 0;
            while !is_over.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5 + dice.below(120)));
                proxy.delay(Duration::from_millis(dice.below(4)));
                match dice.below(5) {
                    0 => proxy.cut_all(),
                    1 => proxy.drop_answer_to("steadfast_batch("),
                    2 => proxy.drop_answer_to("steadfast_append("),
                    3 => proxy.cut_after(usize::try_from(dice.below(3_000)).expect("small")),
                    _ => proxy.drop_next_answer(),
                }
                cuts += 1;
            }
            println!("{cuts} cuts, {} answers lost", proxy.lost_answers());
        });
        let work = async {
            for n in 0..20 {
                let run = started(&client, &format!("run-{n}")).await;
                for number in [1, 2, 3, 0] {
                    let key = number.to_string();
                    // The lookup of the run may fail, which the caller repeats.
                    while client.send(run.id(), Number(number)).key(&key).soon().await.is_err() {}
                }
                let mut result = run.result().soon().await;
                while matches!(&result, Err(error) if error.to_string().contains("postgres \"")) {
                    result = run.result().soon().await;
                }
                assert_eq!(result.expect("a result"), 12);
            }
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work));
        is_over.store(true, Ordering::SeqCst);
    });
    proxy.delay(Duration::ZERO);
    assert_eq!(count(&database, "steadfast_runs WHERE status = 'completed'"), 20);
    for engine in [client, worker] {
        // A cut that was ordered last may still come.
        let _ = engine.shutdown(ENDING).soon().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_says_nothing_is_given_up_after_the_time_limit() {
    let Some((database, proxy)) = behind_proxy() else { return };
    let options = PgOptions::new(&proxy.url(database.name())).expect("the URL is one").timeout(Duration::from_secs(1));
    let engine = builder(options).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    doubles_later(&engine, run.id(), &proxy, 1, Duration::from_millis(300)).await;
    doubles_later(&engine, run.id(), &proxy, 2, Duration::from_secs(3)).await;
    doubles(&run, &[], 6).await;
    proxy.stall(true);
    let begun = Instant::now();
    let error = engine.shutdown(Duration::from_secs(1)).soon().await.expect_err("nothing gets through");
    println!("ended after {:?}: {error}", begun.elapsed());
    assert!(error.to_string().contains("no answer within 1s"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// Sends a number while nothing gets through, and waits until the run has it after all.
async fn doubles_later(engine: &Engine, run: &str, proxy: &Proxy, n: u64, stalled: Duration) {
    proxy.stall(true);
    let freed = async {
        tokio::time::sleep(stalled).await;
        proxy.stall(false);
    };
    let sending = async {
        // The lookup of the run may fail, which the caller repeats.
        while engine.send(run, Number(n)).key(n.to_string()).await.is_err() {}
    };
    limits::soon("a message", async { tokio::join!(sending, freed) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_waits_while_other_sessions_have_all_connections() {
    let settings = vec![("max_connections", "14".to_owned())];
    let own = ClusterOptions { settings, ..ClusterOptions::default() };
    let Some(cluster) = available(Cluster::start_with(&own)) else { return };
    let database = cluster.database("full");
    let engine = builder(database.url()).start().soon().await.expect("an engine");
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    let mut first = database.session().expect("a session");
    let mut others: Vec<Session> = Vec::new();
    let ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'steadfast'";
    limits::until(async || {
        let left = first.execute(ends).expect("ended").len();
        others.extend(std::iter::from_fn(|| database.session().ok()));
        left == 0 && others.len() >= 8
    })
    .await;
    let error = run.status().soon().await.expect_err("there is no connection left").to_string();
    assert!(error.contains("raise `max_connections`, or put PgBouncer before it"), "{error}");
    let error = PgOptions::new(database.url()).and_then(PgOptions::open).expect_err("nobody gets in").to_string();
    assert!(error.contains("`max_connections`"), "{error}");
    let sending = engine.send(run.id(), Number(1)).key("one");
    let freed = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(others);
    };
    let (sent, ()) = limits::soon("a message", async { tokio::join!(sending.into_future(), freed) }).await;
    println!("the message was sent: {sent:?}");
    doubles(&run, &[2], if sent.is_ok() { 6 } else { 4 }).await;
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}
