//! Locks that another session holds for longer than an operation waits for an answer.

use std::time::Duration;
use steadfast::history::Value;
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
