//! What the guide says about failures: servers that restart or lose commits, networks that fail.

use crate::shipping::{Go, LONG, builder, end, keys, options, ship};
use limits::Soon as _;
use std::collections::BTreeSet;
use std::time::Duration;
use throwaway_postgres::{Cluster, ClusterOptions, PASSWORD, Proxy, USER, available};

#[tokio::test(flavor = "multi_thread")]
async fn runs_continue_after_the_server_has_crashed_and_restarted() {
    let Some(cluster) = available(Cluster::start()) else { return };
    let database = cluster.database("restarted");
    let worker = builder(options(database.url())).workflow(ship).start().await.expect("a worker");
    let client = builder(options(database.url())).client().start().await.expect("a client");
    let run = client.start(ship, 40).id("restarted-1").await.expect("a start");
    run.send(Go).await.expect("sent");
    for _ in 0..2 {
        let before = keys("restarted-1").len();
        limits::hold_until(|| keys("restarted-1").len() > before + 3);
        cluster.kill();
        std::thread::sleep(Duration::from_millis(300));
        cluster.restart();
    }
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result"), 40);
    end(worker).await;
    end(client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_its_network_loses_its_runs_to_another_one_and_writes_nothing_more() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("network");
    let proxy = Proxy::start(cluster.socket());
    let far = builder(options(&proxy.url(database.name())).timeout(Duration::from_secs(2)));
    let far = far.workflow(ship).start().await.expect("a worker");
    let run = far.start(ship, 30).id("network-1").await.expect("a start");
    run.send(Go).await.expect("sent");
    limits::hold_until(|| keys("network-1").len() > 3);
    let near = builder(options(database.url())).workflow(ship).start().await.expect("a worker");
    proxy.stall(true);
    let claimed = near.handle(ship, "network-1").await.expect("a run");
    assert_eq!(tokio::time::timeout(LONG, claimed.result()).await.expect("in time").expect("a result"), 30);
    let length = async || claimed.history().await.expect("a history").len();
    let before = length().await;
    proxy.stall(false);
    // The worker is back, and learns that its run has ended elsewhere.
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result"), 30);
    assert_eq!(length().await, before);
    end(far).await;
    end(near).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_a_server_has_lost_are_made_again_under_the_same_keys() {
    // As after a failover to a standby that lagged: the server has forgotten what it said was committed.
    let settings = vec![("synchronous_commit", "off".to_owned()), ("wal_writer_delay", "10s".to_owned())];
    let Some(cluster) = available(Cluster::start_with(&ClusterOptions { settings, ..ClusterOptions::default() }))
    else {
        return;
    };
    let database = cluster.database("lost");
    let worker = builder(options(database.url())).workflow(ship).start().await.expect("a worker");
    let run = worker.start(ship, 60).id("lost-1").await.expect("a start");
    run.send(Go).await.expect("sent");
    database.execute("CHECKPOINT").expect("what there is, is on the disk");
    let before = keys("lost-1").len();
    limits::hold_until(|| keys("lost-1").len() > before + 5);
    cluster.kill();
    cluster.restart();
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result"), 60);
    let (keys, calls) = (keys("lost-1"), 61);
    println!("{} attempts of {calls} calls", keys.len());
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), calls, "each call has its key, also the second time");
    assert!(keys.len() > calls, "nothing was lost: this test says nothing");
    end(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_ends_a_transaction_that_stands_still() {
    let Some(cluster) = available(Cluster::start()) else { return };
    let database = cluster.database("still");
    let proxy = Proxy::start(cluster.socket());
    let worker = builder(options(&proxy.url(database.name()))).workflow(ship).start().await.expect("a worker");
    let run = worker.start(ship, 2).id("still-1").await.expect("a start");
    // Each answer comes so late that the transaction of a message waits for its next statement for longer than 5 s.
    proxy.delay(Duration::from_secs(4));
    let sent = tokio::spawn({
        let run = run.clone();
        async move { run.send(Go).await }
    });
    let said = || cluster.log().contains("terminating connection due to idle-in-transaction timeout");
    limits::hold_until(said);
    proxy.delay(Duration::ZERO);
    if let Err(error) = sent.await.expect("no panic") {
        println!("the sender gets an error, and repeats it: {error}");
        assert!(matches!(error, steadfast::EngineError::Store(_)), "{error}");
        // The first one may have been committed: then the run may have ended.
        let again = run.send(Go).await;
        assert!(matches!(again, Ok(()) | Err(steadfast::EngineError::WrongStatus { .. })), "{again:?}");
    }
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result"), 2);
    end(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_hosts_the_one_that_writes_is_found() {
    let settings = vec![("default_transaction_read_only", "on".to_owned())];
    let Some(primary) = Cluster::shared() else { return };
    let Some(standby) = available(Cluster::start_with(&ClusterOptions { settings, ..ClusterOptions::default() }))
    else {
        return;
    };
    primary.execute("postgres", "CREATE SCHEMA hosts").expect("the schema is created");
    let (first, second) = (standby.tcp(), primary.tcp());
    let url = format!("postgres://{USER}:{PASSWORD}@{first},{second}/postgres?target_session_attrs=read-write");
    let worker = builder(options(&url).schema("hosts")).workflow(ship).start().await.expect("a worker");
    let run = worker.start(ship, 1).id("hosts-1").await.expect("a start");
    run.send(Go).await.expect("sent");
    assert_eq!(run.result().soon().await.expect("a result"), 1);
    end(worker).await;
}
