//! What the guide says about the operation of a fleet: rights, pools, connections, encryption, deployments.

use crate::shipping::{Go, LONG, builder, end, keys, options, ship};
use limits::Soon as _;
use std::time::{Duration, Instant};
use steadfast::RunFilter;
use throwaway_postgres::{Cluster, Database, PgBouncer, USER, available};

/// Returns the URL for another user, who needs no password over the socket.
fn url_of(database: &Database, user: &str) -> String {
    database.url().replacen(&format!("{USER}@"), &format!("{user}@"), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_the_printed_rights_works_on_printed_tables_and_another_one_looks() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("rights");
    let of_worker = || options(&url_of(&database, "app")).schema("workflows").without_migrations();
    let of_reader = || options(&url_of(&database, "support")).schema("workflows").without_migrations();
    database
        .execute("CREATE ROLE app LOGIN; CREATE ROLE support LOGIN; CREATE SCHEMA workflows")
        .expect("they are made");
    let of_owner = options(database.url()).schema("workflows").without_migrations();
    let missing = builder(of_owner).client().start().await.expect_err("no tables").to_string();
    assert!(missing.contains("PgOptions::migrations"), "{missing}");

    database.execute(&of_worker().migrations()).expect("the printed statements run");
    for grants in [of_worker().grants_for_runtime("app"), of_worker().grants_for_read_only("support")] {
        database.execute(&grants).expect("they are granted");
    }

    let worker = builder(of_worker()).workflow(ship).start().await.expect("a worker");
    let run = worker.start(ship, 1).id("rights-1").await.expect("a start");
    run.send(Go).await.expect("sent");
    assert_eq!(run.result().soon().await.expect("a result"), 1);
    worker.run("rights-1").await.expect("a run").delete().await.expect("deleted");
    worker.start(ship, 1).id("rights-2").await.expect("a start");

    let reader = builder(of_reader()).client().start().await.expect("a client");
    assert_eq!(reader.list(RunFilter::all()).await.expect("a list").len(), 1);
    let seen = reader.run("rights-2").await.expect("a run");
    assert!(!seen.history().await.expect("a history").is_empty());
    let refused = seen.send(Go).await.expect_err("it may only look").to_string();
    assert!(refused.contains("the role lacks a right"), "{refused}");
    assert!(builder(of_reader()).workflow(ship).start().await.is_err(), "a worker needs a lease");
    end(worker).await;
    end(reader).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_in_transaction_mode_may_stand_between() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(pool) = available(PgBouncer::start(cluster)) else { return };
    let database = cluster.database("pooled");
    let through = || options(&pool.url(database.name())).poll_only().poll(Duration::from_millis(100));
    let worker = builder(through()).workflow(ship).start().await.expect("a worker");
    let client = builder(through()).client().start().await.expect("a client");
    let run = client.start(ship, 3).await.expect("a start");
    run.send(Go).await.expect("sent");
    assert_eq!(run.result().soon().await.expect("a result"), 3);
    end(worker).await;
    end(client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_leaves_in_order_is_claimed_long_before_the_term() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("deployed");
    let long = || builder(options(database.url())).lease_term(Duration::from_secs(25)).workflow(ship);
    let old = long().start().await.expect("a worker");
    old.start(ship, 1).id("deployed-1").await.expect("a start");
    limits::hold_until(|| keys("deployed-1").len() == 1);
    let new = long().start().await.expect("a worker");
    end(old).await;
    let left = Instant::now();
    let run = new.handle(ship, "deployed-1").await.expect("a run");
    run.send(Go).await.expect("sent");
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result"), 1);
    assert!(left.elapsed() < Duration::from_secs(12), "it has waited for the term");
    end(new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_connections_and_two_for_users_stay_open() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("connections");
    let worker = builder(options(database.url())).workflow(ship).start().await.expect("a worker");
    let mut runs = Vec::new();
    for n in 0..50 {
        let run = worker.start(ship, n % 3).await.expect("a start");
        run.send(Go).await.expect("sent");
        runs.push(run);
    }
    for run in runs {
        run.result().soon().await.expect("a result");
    }
    let open = || {
        let query = "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'steadfast'";
        database.execute(query).expect("a count")[0][0].as_deref().and_then(|count| count.parse::<u32>().ok())
    };
    limits::hold_until(|| open().is_some_and(|open| open <= 5));
    end(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_adds_rows_and_changes_none() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("rows");
    let worker = builder(options(database.url())).workflow(ship).start().await.expect("a worker");
    let run = worker.start(ship, 100).id("rows-1").await.expect("a start");
    run.send(Go).await.expect("sent");
    assert_eq!(run.result().soon().await.expect("a result"), 100);
    let count = |what: &str, table: &str| -> u32 {
        let query = format!("SELECT {what} FROM pg_stat_user_tables WHERE relname = '{table}'");
        database.execute(&query).expect("a count")[0][0].as_deref().and_then(|n| n.parse().ok()).expect("a number")
    };
    // The server counts a moment later.
    limits::hold_until(|| count("n_tup_ins", "steadfast_log") >= 100);
    let changed = count("n_tup_upd", "steadfast_runs") + count("n_tup_upd", "steadfast_log");
    assert!(changed < 10, "100 steps have changed {changed} rows");
    end(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_keeps_older_engines_from_starting_and_stops_those_at_work_only_if_they_cannot_use_it() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("rolling");
    let execute = |sql: &str| database.execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let old = builder(options(database.url())).workflow(ship).start().await.expect("a worker");
    let ships = async |id: &str| {
        let run = old.start(ship, 1).id(id).soon().await.expect("a start");
        run.send(Go).soon().await.expect("sent");
        assert_eq!(run.result().soon().await.expect("a result"), 1);
    };
    ships("rolling-1").await;

    let version = || -> Option<u32> {
        execute("SELECT value FROM steadfast_meta WHERE key = 'schema'")[0][0].as_deref()?.parse().ok()
    };
    let known = version().expect("a version");
    let newer = known + 1;

    // The first process of the newer version adds what the older one has no need to know.
    execute(&format!(
        "BEGIN; ALTER TABLE steadfast_runs ADD COLUMN later TEXT; CREATE INDEX steadfast_runs_later ON steadfast_runs (later);
         CREATE TABLE steadfast_later (id BIGINT); UPDATE steadfast_meta SET value = '{newer}' WHERE key = 'schema'; COMMIT",
    ));
    ships("rolling-2").await;
    assert!(old.health().soon().await.is_well());
    for options in [options(database.url()), options(database.url()).without_migrations()] {
        let refused =
            builder(options).workflow(ship).start().soon().await.expect_err("the schema is newer").to_string();
        let (has, expects) = (format!("has schema version {newer},"), format!("knows up to {known};"));
        for words in [&*has, &*expects, "Run it with the newer version that wrote it"] {
            assert!(refused.contains(words), "{refused}");
        }
    }
    assert_eq!(version(), Some(newer), "it was left as it is");

    // One that changes what the older one uses stops it, and nothing is lost.
    let waiting = old.start(ship, 1).id("rolling-3").soon().await.expect("a start");
    execute("ALTER TABLE steadfast_log RENAME COLUMN entries TO parcels");
    let refused = old.start(ship, 1).id("rolling-4").soon().await.expect_err("a column is missing").to_string();
    assert!(
        refused.contains("if a newer version of steadfast has converted the database, run that version"),
        "{refused}"
    );
    waiting.send(Go).soon().await.expect("a message needs no log");
    execute("ALTER TABLE steadfast_log RENAME COLUMN parcels TO entries");
    assert_eq!(waiting.result().soon().await.expect("a result"), 1);
    assert!(old.start(ship, 1).id("rolling-4").soon().await.expect("a start").is_new(), "nothing was left of it");
    end(old).await;
}
