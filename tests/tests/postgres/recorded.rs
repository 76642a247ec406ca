//! Tables with runs in queues, as schema version 4 has them, which every later build must continue.
//!
//! `STEADFAST_RECORD=1` writes `fixtures/postgres-4.sql` anew; do that only for a new schema, under a new name.

use crate::work::ENDING;
use limits::{Soon as _, until};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::store::PgOptions;
use steadfast::{EngineBuilder, Queue, Status};
use throwaway_postgres::{Cluster, Database};

/// A run that waits in a queue, one that has room there and was at work in an engine that is gone, a queue whose limits
/// were changed, and a remote step that waits.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/postgres-4.sql");

/// Whether the body of a step has no end, because it is being recorded.
static IS_RECORDING: AtomicBool = AtomicBool::new(false);
static BEGUN: AtomicU32 = AtomicU32::new(0);

#[step]
async fn import_page(tenant: String, scope: &StepScope) -> Result<String> {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    if IS_RECORDING.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    Ok(format!("{tenant} in attempt {}", scope.attempt))
}

#[workflow]
async fn importing(flow: &mut Flow, tenant: String) -> Result<String> {
    Ok(import_page(flow, tenant).await?)
}

#[step(queue = "far")]
async fn embed(words: u64) -> Result<u64> {
    Ok(2 * words)
}

#[workflow]
async fn embedding(flow: &mut Flow, words: u64) -> Result<u64> {
    Ok(embed(flow, words).await?)
}

fn builder(database: &Database) -> EngineBuilder {
    let imports = Queue::new("imports").key(|tenant: &String| tenant.clone()).total(9);
    let options = PgOptions::new(database.url()).expect("the URL is one");
    let builder = Engine::builder().postgres(options).lease_term(Duration::from_secs(1)).queue(imports);
    builder.workflow(importing).workflow(embedding)
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_runs_in_queues_go_on() {
    let Some(cluster) = Cluster::shared() else { return };
    if std::env::var_os("STEADFAST_RECORD").is_some() {
        record(&cluster.database("recorded")).await;
    }
    let database = cluster.database("resumed");
    database.execute(&std::fs::read_to_string(FIXTURE).expect("the fixture is committed")).expect("they are created");
    // Nothing serves the queues yet.
    let engine = builder(&database).start().soon().await.expect("an engine");
    let info = engine.queue("imports").info().soon().await.expect("a queue");
    assert_eq!((info.total, info.per_key, info.waiting), (Some(1), Some(1), 1));
    let waits = engine.run("waits").soon().await.expect("a run");
    assert_eq!(waits.status().soon().await.expect("a status").status, Status::Queued);
    drop(waits);
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
    let serving = builder(&database).serve("imports", 2).serve("far", 1).step::<embed>();
    let engine = serving.start().soon().await.expect("an engine");
    for (id, result) in [("claimed", "acme in attempt"), ("waits", "zenith in attempt 1")] {
        let run = engine.handle(importing, id).soon().await.expect("a run");
        // The engine that serves nothing may have begun the attempt after the lost one.
        let ended = run.result().soon().await.expect("a result");
        assert!(ended.starts_with(result), "{ended}");
    }
    let far = engine.handle(embedding, "far").soon().await.expect("a run");
    assert_eq!(far.result().soon().await.expect("a result"), 42);
    until(async || engine.queues().await.expect("a list").is_empty()).await;
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

/// Stops an engine in the middle, and writes its tables as SQL.
async fn record(database: &Database) {
    IS_RECORDING.store(true, Ordering::SeqCst);
    let engine = builder(database).serve("imports", 2).start().soon().await.expect("an engine");
    let imports = engine.queue("imports");
    imports.set_total(Some(1)).soon().await.expect("set");
    imports.set_per_key(Some(1)).soon().await.expect("set");
    engine.start(importing, "acme".to_owned()).queue("imports").id("claimed").soon().await.expect("a start");
    until(async || BEGUN.load(Ordering::SeqCst) == 1).await;
    engine.start(importing, "zenith".to_owned()).queue("imports").id("waits").soon().await.expect("a start");
    let far = engine.start(embedding, 21).id("far").soon().await.expect("a start");
    until(async || !far.status().await.expect("a status").waits_for.is_empty()).await;
    drop((imports, far, engine));
    std::fs::write(FIXTURE, dumped(database)).expect("written");
    IS_RECORDING.store(false, Ordering::SeqCst);
}

/// Returns the tables as SQL: the statements that create them, and their rows.
fn dumped(database: &Database) -> String {
    let rows = |query: &str| -> Vec<Vec<String>> {
        let rows = database.execute(query).expect("it is executed").into_iter();
        rows.map(|row| row.into_iter().map(|value| value.expect("a text")).collect()).collect()
    };
    let mut script = PgOptions::new(database.url()).expect("the URL is one").migrations();
    script.push_str("\nDELETE FROM steadfast_meta;\n");
    let tables = "SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position),
            string_agg(format('quote_nullable(%I::text)', column_name), ' || '', '' || ' ORDER BY ordinal_position),
            coalesce(max(pg_get_serial_sequence(table_name, column_name)), '')
        FROM information_schema.columns WHERE table_name LIKE 'steadfast\\_%' AND table_schema = 'public'
        GROUP BY table_name ORDER BY table_name";
    for table in rows(tables) {
        let [name, columns, values, sequence] = &table[..] else { panic!("four columns") };
        for row in rows(&format!("SELECT {values} FROM {name} ORDER BY 1")) {
            writeln!(script, "INSERT INTO {name} ({columns}) VALUES ({});", row[0]).expect("written");
        }
        if !sequence.is_empty() {
            writeln!(script, "SELECT setval('{sequence}', (SELECT coalesce(max(number), 1) FROM {name}));")
                .expect("written");
        }
    }
    script
}
