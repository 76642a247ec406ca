//! What the guide says about dumps that are restored, and runs that move from a file to a server.

use crate::shipping::{Go, LONG, builder, end, keys, options, ship};
use limits::Soon as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use steadfast::prelude::*;
use throwaway_postgres::{Cluster, Database};

/// Restores a dump of a database into a fresh one, while engines work on the first.
fn restored(cluster: &Cluster, from: &Database) -> Option<Database> {
    let bin = &cluster.installation().bin;
    let (dump, psql) = (bin.join("pg_dump"), bin.join("psql"));
    if !dump.is_file() || !psql.is_file() {
        let _ = writeln!(std::io::stderr(), "skipped: no pg_dump and psql in {}", bin.display());
        return None;
    }
    let copy = cluster.database("restored");
    let dumped = limits::output(Command::new(dump).arg(from.url()));
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let mut psql = Command::new(psql);
    psql.args(["--quiet", "--set=ON_ERROR_STOP=1", "--dbname", copy.url()]).stdin(Stdio::piped());
    psql.stdout(Stdio::null());
    let output = limits::output_of(psql.spawn().expect("it begins"), &dumped.stdout);
    assert!(output.status.success());
    Some(copy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_dump_is_the_past_and_repeats_steps_under_the_same_keys() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("backup");
    let engine = builder(options(database.url())).workflow(ship).start().await.expect("a worker");
    let run = engine.start(ship, 2).id("backup-1").await.expect("a start");
    limits::hold_until(|| keys("backup-1").len() == 1);
    let begun = Instant::now();
    while run.status().await.expect("a status").entries < 3 {
        assert!(begun.elapsed() < LONG, "the step does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let Some(copy) = restored(cluster, &database) else { return end(engine).await };
    // It goes on after the backup, and all of that is lost.
    run.send(Go).await.expect("sent");
    assert_eq!(run.result().soon().await.expect("a result"), 2);
    end(engine).await;
    let first = keys("backup-1");

    let engine = builder(options(copy.url())).workflow(ship).start().await.expect("a worker");
    let run = engine.handle(ship, "backup-1").await.expect("a run");
    run.send(Go).await.expect("sent");
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result"), 2);
    let again = keys("backup-1").split_off(first.len());
    assert_eq!(again, first[1..], "what the backup had is not repeated, and the rest has the keys of before");
    end(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_moves_from_a_file_to_postgres_with_its_keys() {
    let Some(cluster) = Cluster::shared() else { return };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let file = Engine::builder().sqlite(folder.path().join("app.db")).workflow(ship).start().await.expect("an engine");
    let run = file.start(ship, 2).id("moved-1").await.expect("a start");
    let begun = Instant::now();
    while run.status().await.expect("a status").entries < 4 {
        assert!(begun.elapsed() < LONG, "it does not wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    run.export_and_end(folder.path().join("moved-1.run")).await.expect("moved");
    end(file).await;

    let database = cluster.database("moved");
    let fleet = builder(options(database.url())).workflow(ship).start().await.expect("a worker");
    let moved = fleet.import(folder.path().join("moved-1.run")).await.expect("imported");
    assert_eq!(moved.id(), "moved-1");
    moved.send(Go).await.expect("sent");
    let run = fleet.handle(ship, "moved-1").await.expect("a run");
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.expect("in time").expect("a result"), 2);
    assert_eq!(keys("moved-1").len(), 3, "the step before is not done again");
    end(fleet).await;
}
