//! A file whose runs move into a database of Postgres, and go on there.

mod contents;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use steadfast::EngineBuilder;
use steadfast::prelude::*;
use steadfast::store::PgOptions;
use steadfast::{RunFilter, Status};
use throwaway_postgres::{Cluster, Database};

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_mins(1);

fn database() -> Option<Database> {
    Cluster::shared().map(|cluster| cluster.database("arrival"))
}

#[derive(StepContext, Clone, Debug)]
struct Tally {
    #[context(default)]
    sum: u64,
}

#[derive(Serialize, Deserialize, Clone, Debug, Message)]
struct Number(u64);

#[step]
async fn double(n: u64) -> Result<u64> {
    Ok(n * 2)
}

/// Adds the doubles of the numbers that it is sent, to the first zero.
#[workflow(context = Tally)]
async fn adding(flow: &mut Flow<Tally>, first: u64) -> Result<u64> {
    let first = double(flow, first).await?;
    flow.update(|c| c.sum(first)).await?;
    loop {
        let n = flow.receive::<Number>().await?.0;
        if n == 0 {
            return Ok(flow.sum);
        }
        let n = double(flow, n).await?;
        let sum = flow.sum + n;
        flow.update(|c| c.sum(sum)).await?;
    }
}

/// Starts another one and waits for it.
#[workflow]
async fn parent(flow: &mut Flow) -> Result<u64> {
    Ok(flow.start(adding, 100).id("child").await.await?)
}

#[workflow]
async fn asleep(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::from_hours(24)).await?;
    Ok(())
}

fn with_workflows(builder: EngineBuilder) -> EngineBuilder {
    builder.workflow(adding).workflow(parent).workflow(asleep)
}

/// Fills a file with runs of every kind, and returns their histories.
async fn fill(file: &Path) -> BTreeMap<String, String> {
    let engine = with_workflows(Engine::builder().sqlite(file)).start().await.expect("an engine");
    let done = engine.start(adding, 1).id("done").await.expect("a start");
    done.send(Number(0)).await.expect("sent");
    assert_eq!(done.result().await.expect("a result"), 2);
    engine.start(adding, 5).id("waiting").label("of", "ä").await.expect("a start");
    let operator = engine.operate("ada").expect("a name");
    operator.because("it is due").send("waiting", "Number", "7", Some("seven")).await.expect("sent");
    engine.start(parent, ()).id("parent").await.expect("a start");
    engine.start(asleep, ()).id("asleep").await.expect("a start");
    for (id, entries) in [("waiting", 8), ("child", 4), ("asleep", 2)] {
        limits::until(async || {
            engine.run(id).await.is_ok() && entries_of(&engine, id).await.lines().count() >= entries
        })
        .await;
    }
    engine.shutdown(LONG).await.expect("an orderly end");
    drop(engine);
    // As it stands once nothing moves any more.
    let client = Engine::builder().sqlite(file).client().start().await.expect("a client");
    let histories = histories(&client).await;
    client.shutdown(LONG).await.expect("an orderly end");
    histories
}

async fn entries_of(engine: &Engine, id: &str) -> String {
    let history = engine.run(id).await.expect("a run").history().await.expect("a history");
    history.iter().map(|entry| format!("{entry:?}\n")).collect::<Vec<_>>().concat()
}

async fn histories(engine: &Engine) -> BTreeMap<String, String> {
    let mut histories = BTreeMap::new();
    for info in engine.list(RunFilter::all()).await.expect("a list") {
        histories.insert(info.id.clone(), entries_of(engine, &info.id).await);
    }
    histories
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_of_a_file_goes_on_in_postgres() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let file = folder.path().join("one.db");
    let before = fill(&file).await;
    let options = PgOptions::new(database.url()).expect("a URL");
    assert_eq!(options.clone().import_all(&file).expect("moved"), 5);

    let client = Engine::builder().postgres(options.clone()).client().start().await.expect("a client");
    let after = histories(&client).await;
    assert!(after == before, "a history is another one");
    assert_eq!(client.list(RunFilter::all().label("of", "ä")).await.expect("a list").len(), 1);
    let (all, paging) = (steadfast::inspect::AuditQuery::all(), steadfast::inspect::Paging::first(10));
    let records = client.inspect().audit(&all, &paging).await.expect("read").items;
    assert_eq!((records.len(), records[0].who.as_str()), (1, "ada"), "who did what moves too");
    let engine = with_workflows(Engine::builder().postgres(options)).start().await.expect("an engine");
    // A message that came before under this key does not come twice.
    let waiting = engine.handle(adding, "waiting").await.expect("a handle");
    engine.send("waiting", Number(7)).key("seven").await.expect("sent");
    for id in ["waiting", "child"] {
        client.run(id).await.expect("a run").send(Number(0)).await.expect("sent");
    }
    assert_eq!(tokio::time::timeout(LONG, waiting.result()).await.expect("in time").expect("a result"), 24);
    let parent = engine.handle(parent, "parent").await.expect("a handle");
    assert_eq!(tokio::time::timeout(LONG, parent.result()).await.expect("in time").expect("a result"), 200);
    assert_eq!(client.run("asleep").await.expect("a run").status().await.expect("a status").status, Status::Sleeping);
    let next = engine.start(adding, 1).await.expect("a start");
    assert!(next.number() > 5, "a number is not drawn twice");
    for engine in [engine, client] {
        engine.shutdown(LONG).await.expect("an orderly end");
    }

    let refused = with_workflows(Engine::builder().sqlite(&file)).start().await.expect_err("it has moved").to_string();
    assert!(refused.contains("have moved to") && refused.contains("arrival"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_use_and_a_database_in_use_are_left_as_they_are() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let file = folder.path().join("one.db");
    let before = fill(&file).await;
    let import = || PgOptions::new(database.url()).expect("a URL").import_all(&file);
    let engine = with_workflows(Engine::builder().sqlite(&file)).start().await.expect("an engine");
    let error = import().expect_err("it is open").to_string();
    assert!(error.contains("stop the engine"), "{error}");
    engine.shutdown(LONG).await.expect("an orderly end");
    drop(engine);
    let other = with_workflows(Engine::builder().postgres(database.url())).start().await.expect("an engine");
    other.start(asleep, ()).await.expect("a start");
    let error = import().expect_err("it is in use").to_string();
    assert!(error.contains("in use already"), "{error}");
    assert_eq!(other.list(RunFilter::all()).await.expect("a list").len(), 1);
    other.shutdown(LONG).await.expect("an orderly end");
    let engine = Engine::builder().sqlite(&file).client().start().await.expect("the file is as it was");
    assert_eq!(histories(&engine).await.len(), before.len());
}
