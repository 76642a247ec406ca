//! `PgBouncer` in transaction mode between the engine and the server: two statements of one connection may reach
//! different sessions, and notifications reach nobody.

use crate::cluster;
use crate::work::{ENDING, Number, builder, doubling};
use limits::Soon as _;
use std::sync::OnceLock;
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::store::PgOptions;
use steadfast::store::backend::PostgresStore;
use throwaway_postgres::{Cluster, PgBouncer, PgBouncerOptions, Proxy, available};

/// Fewer connections than two tests have at once, so that transactions wait for one another's sessions.
const SMALL: u32 = 2;

/// Returns the pool of this test binary; `None` if this machine has no server or no pool.
fn pool() -> Option<&'static PgBouncer> {
    static POOL: OnceLock<Option<PgBouncer>> = OnceLock::new();
    let options = PgBouncerOptions { pool_size: SMALL, ..PgBouncerOptions::default() };
    let started = || Cluster::shared().and_then(|cluster| available(PgBouncer::start_with(cluster, &options)));
    POOL.get_or_init(started).as_ref()
}

fn is_there() -> bool {
    pool().is_some()
}

fn fresh() -> PostgresStore {
    let database = cluster::database().expect("there is a server");
    let url = pool().expect("there is a pool").url(database.name());
    cluster::options_in(database, &url).poll_only().open().expect("the store is opened through the pool")
}

steadfast::conformance!(through_a_pool, fresh, cluster::again, is_there());

#[tokio::test(flavor = "multi_thread")]
async fn engines_share_work_through_a_pool_that_delivers_no_notification() {
    let Some(pool) = pool() else { return };
    let database = Cluster::shared().expect("it is there").database("pooled");
    let options = || {
        let options = PgOptions::new(&pool.url(database.name())).expect("the URL is one");
        options.poll_only().poll(Duration::from_millis(50))
    };
    let worker = Engine::builder().postgres(options()).workflow(doubling).start().soon().await.expect("a worker");
    let client = Engine::builder().postgres(options()).client().start().soon().await.expect("a client");
    let mut runs = Vec::new();
    for _ in 0..8 {
        runs.push(client.start(doubling, ()).soon().await.expect("a start"));
    }
    for n in [3, 2, 1, 0] {
        for run in &runs {
            run.send(Number(n)).soon().await.expect("sent");
        }
    }
    for run in &runs {
        assert_eq!(run.result().soon().await.expect("a result"), 12);
    }
    for engine in [worker, client] {
        engine.shutdown(Duration::from_secs(20)).soon().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_a_pool_has_lost_counts_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::start(cluster.socket());
    let through = PgBouncerOptions { through: Some(proxy.address()), ..PgBouncerOptions::default() };
    let Some(pool) = available(PgBouncer::start_with(cluster, &through)) else { return };
    let database = cluster.database("pooled");
    let never = Duration::from_hours(1);
    let options = PgOptions::new(&pool.url(database.name())).expect("the URL is one").poll_only().poll(never);
    let engine = builder(options).lease_term(never).start().soon().await.expect("an engine");
    // Nobody drives it, so that the next commit is that of the message.
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    run.pause(steadfast::Pause::Drain).soon().await.expect("paused");
    limits::until(async || run.status().await.is_ok_and(|info| info.status == steadfast::Status::Paused)).await;
    proxy.drop_next_answer();
    let sent = run.send(Number(1)).soon().await;
    println!("{} lost: {sent:?}", proxy.lost_answers());
    let items = database.execute("SELECT count(*) FROM steadfast_inbox WHERE kind = 'message'").expect("a count");
    assert_eq!((proxy.lost_answers(), items[0][0].as_deref()), (1, Some("1")), "the pool's word is not the server's");
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}
