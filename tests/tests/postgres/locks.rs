//! Locks that another session holds for longer than an operation waits for an answer.

use futures_util::future::try_join_all;
use limits::Soon as _;
use steadfast::Queue;
use steadfast::history::Value;
use steadfast::prelude::*;
use steadfast::store::PgOptions;
use throwaway_postgres::Cluster;
use writing::{begin, push};

#[path = "../it/store/writing.rs"]
#[expect(dead_code, reason = "the tests of stores need the others")]
mod writing;

#[test]
fn an_append_that_waits_for_a_lock_is_tried_again_and_its_outcome_is_known() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("locks");
    let options = PgOptions::new(database.url()).expect("the URL is one").poll_only().timeout(Duration::from_secs(4));
    let store = options.open().expect("a store");
    let (lease, run) = begin(&store, "a");
    let mut session = database.session().expect("a session");
    session.execute("BEGIN").expect("begun");
    session.execute("LOCK TABLE steadfast_leases IN EXCLUSIVE MODE").expect("locked");
    std::thread::scope(|scope| {
        // It has an answer only if it waits more briefly for the lock than for the server.
        let append = scope.spawn(|| push(&store, run, lease, 1, Value::json("5")));
        std::thread::sleep(Duration::from_secs(6));
        session.execute("COMMIT").expect("the lock goes");
        append.join().expect("the append is done");
    });
}

#[step(queue = "doubles")]
async fn double(n: u64) -> Result<u64> {
    Ok(2 * n)
}

#[workflow]
async fn doubles(flow: &Flow, calls: u64) -> Result<u64> {
    Ok(try_join_all((0..calls).map(|n| double(flow, n))).await?.into_iter().sum())
}

#[workflow]
async fn alone(_flow: &Flow, n: u64) -> Result<u64> {
    Ok(n)
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_steps_and_runs_in_queues_go_on_beside_a_batch_of_another_process() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("beside");
    let queue = Queue::new("doubles").key(|(n,): &(u64,)| n % 3).per_key(2).total(5);
    let builder = Engine::builder().postgres(database.url()).workflow(doubles).workflow(alone);
    let builder = builder.queue(queue).serve("doubles", 4).step::<double>().serve("alone", 2);
    let engine = builder.start().soon().await.expect("an engine");
    let mut session = database.session().expect("a session");
    // What each batch holds until its commit.
    session.execute("BEGIN").expect("begun");
    session.execute("LOCK TABLE steadfast_leases IN ROW SHARE MODE").expect("locked");
    let run = engine.start(doubles, 40).soon().await.expect("a start");
    assert_eq!(run.result().soon().await.expect("a result"), 1_560);
    for n in 0..5 {
        let run = engine.start(alone, n).queue("alone").soon().await.expect("a start");
        assert_eq!(run.result().soon().await.expect("a result"), n);
    }
    session.execute("COMMIT").expect("the lock goes");
    let counts = "SELECT (SELECT count(*) FROM steadfast_tasks), (SELECT count(*) FROM steadfast_queue_keys),
        (SELECT running FROM steadfast_queues)";
    let counts = database.execute(counts).expect("the counts are read");
    assert_eq!(counts[0].iter().flatten().collect::<Vec<_>>(), ["0", "0", "0"]);
    engine.shutdown(Duration::from_secs(5)).soon().await.expect("an orderly end");
}
