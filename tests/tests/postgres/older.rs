//! Tables of earlier versions, which an engine or a person converts.

use crate::work::{ENDING, Number, builder, doubles, doubling};
use limits::Soon as _;
use steadfast::history::Kind;
use steadfast::store::{PgOptions, StoreErrorKind};
use throwaway_postgres::{Cluster, Database};

/// The tables of version 1, with a run that waits.
const VERSION_1: &str = include_str!("../../fixtures/postgres-1.sql");

fn options(database: &Database) -> PgOptions {
    PgOptions::new(database.url()).expect("the URL is one")
}

/// Returns a database with the tables of version 1.
fn older() -> Option<Database> {
    let database = Cluster::shared()?.database("older");
    database.execute(VERSION_1).expect("they are created");
    Some(database)
}

fn version(database: &Database) -> String {
    let rows = database.execute("SELECT value FROM steadfast_meta WHERE key = 'schema'").expect("a version");
    rows[0][0].clone().expect("a text")
}

/// The run that the older version has left goes on, and so does a new one.
async fn goes_on(options: PgOptions) {
    let engine = builder(options).start().soon().await.expect("an engine");
    let before = engine.handle(doubling, "before").soon().await.expect("a run");
    assert_eq!(before.history().soon().await.expect("a history")[0].kind, Kind::RunStarted);
    doubles(&before, &[1, 2], 6).await;
    let run = engine.start(doubling, ()).soon().await.expect("a start");
    run.send(Number(4)).soon().await.expect("sent");
    doubles(&run, &[3], 14).await;
    engine.shutdown(ENDING).soon().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_converts_the_tables_of_the_first_version() {
    let Some(database) = older() else { return };
    goes_on(options(&database)).await;
    assert_eq!(version(&database), "6");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_statements_convert_the_tables_of_the_first_version() {
    let Some(database) = older() else { return };
    let kept = || options(&database).without_migrations();
    let error = kept().open().expect_err("it may not convert them");
    assert_eq!(error.kind, StoreErrorKind::NotOurs);
    for words in ["no tables of schema version 6", "`PgOptions::migrations`"] {
        assert!(error.message.contains(words), "{error}");
    }
    assert_eq!(version(&database), "1");
    for _ in 0..2 {
        database.execute(&kept().migrations()).expect("they are converted once");
        assert_eq!(version(&database), "6");
    }
    goes_on(kept()).await;
}
