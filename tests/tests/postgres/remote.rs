//! Remote steps on a server: with their contexts, and with processes that are killed.

use crate::work::ENDING;
use limits::{Dice, Heard, Soon as _};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use steadfast::EngineBuilder;
use steadfast::prelude::*;
use throwaway_postgres::{Cluster, Database};

#[derive(StepContext, Clone, Debug)]
struct Job {
    tenant: String,
    #[context(default)]
    done: u32,
}

#[step(queue = "gpu")]
async fn embed(job: &Job, scope: &StepScope, text: String) -> Result<String> {
    Ok(format!("{}/{}/{text}/{}", job.tenant, job.done, scope.attempt))
}

#[workflow(context = Job)]
async fn index(start: Start<Job>, tenant: String) -> Result<Vec<String>> {
    let mut flow = start.with(Job::builder().tenant(tenant).build()).await?;
    let first = embed(&flow, "one".to_owned()).await?;
    flow.update(|job| job.done(1)).await?;
    let (second, third) = (embed(&flow, "two".to_owned()), embed(&flow, "three".to_owned()));
    let (second, third) = try_join!(second, third)?;
    Ok(vec![first, second, third])
}

fn builder(database: &Database) -> EngineBuilder {
    Engine::builder().postgres(database.url()).lease_term(Duration::from_secs(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_runs_on_another_engine_of_a_server() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("remote");
    let engine = builder(&database).workflow(index).start().await.expect("an engine");
    let worker = builder(&database).serve("gpu", 2).step::<embed>().start().await.expect("a worker");
    let run = engine.start(index, "acme".to_owned()).await.expect("a start");
    let expected = ["acme/0/one/1", "acme/1/two/1", "acme/1/three/1"];
    assert_eq!(run.result().soon().await.expect("a result"), expected);
    for engine in [worker, engine] {
        engine.shutdown(ENDING).soon().await.expect("an orderly end");
    }
}

const RUNS: &str = "6";

fn spawn(database: &Database, log: &Path, role: &str, number: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_far"));
    command.arg(database.url()).arg(log).args(["1000", role, number]);
    command.stdout(Stdio::piped()).spawn().expect("the process begins")
}

#[test]
fn workers_that_are_killed_lose_nothing_and_repeat_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let (database, folder) = (cluster.database("far"), tempfile::tempdir().expect("a folder"));
    let log = folder.path().join("log");
    // The first process creates the tables.
    let mut engine = spawn(&database, &log, "starts", RUNS);
    let mut heard = Heard::of(engine.stdout.take().expect("its output"));
    while heard.next_line().expect("it ended without `started`") != "started" {}
    let mut workers: Vec<Child> = (0..2).map(|_| spawn(&database, &log, "serves", "4")).collect();
    let (mut dice, begun) = (Dice::seeded(20_261_130), Instant::now());
    for _ in 0..8 {
        assert!(begun.elapsed() < Duration::from_mins(1), "it does not end");
        std::thread::sleep(Duration::from_millis(200 + dice.below(400)));
        let worker = &mut workers[usize::try_from(dice.below(2)).expect("one of two")];
        worker.kill().expect("killed");
        limits::ended(worker);
        *worker = spawn(&database, &log, "serves", "4");
    }
    // It has checked the results.
    while heard.next_line().expect("it ended without `done`") != "done" {}
    assert!(limits::ended(&mut engine).success());
    for worker in &mut workers {
        worker.kill().expect("killed");
        limits::ended(worker);
    }
    let text = std::fs::read_to_string(&log).expect("the log");
    let mut attempts = BTreeSet::new();
    for line in text.lines().filter(|line| line.ends_with("begins")) {
        let attempt: Vec<&str> = line.split(' ').take(3).collect();
        assert!(attempts.insert(attempt), "an attempt ran twice: {line}");
    }
    let left = "SELECT count(*) FROM steadfast_tasks";
    assert_eq!(database.execute(left).expect("a count")[0][0].as_deref(), Some("0"));
}
