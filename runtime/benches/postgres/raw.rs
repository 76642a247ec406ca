//! The raw limits: the client without an engine.

use std::time::Instant;
use throwaway_postgres::Database;
use tokio_postgres::{Client, NoTls};

pub(crate) const BODY: &str = r#"{"id":17,"name":"a small struct"}"#;

/// Calls `measure` with a client whose connection is driven by the thread that waits, as the store does it.
pub(crate) fn with_client(database: &Database, measure: impl AsyncFnOnce(&Client) -> f64) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client
            .batch_execute(
                "CREATE TABLE log (run BIGINT, seq BIGINT, body TEXT); CREATE UNIQUE INDEX log_at ON log (run, seq)",
            )
            .await
            .expect("a table");
        measure(&client).await
    })
}

/// Commits of one row each, per second: one round trip, with a prepared statement.
pub(crate) fn one_row_commits(database: &Database, commits: u32) -> f64 {
    with_client(database, async |client| {
        let insert = client.prepare("INSERT INTO log VALUES (1, $1, $2)").await.expect("a statement");
        let start = Instant::now();
        for seq in 0..commits {
            client.execute(&insert, &[&i64::from(seq), &BODY]).await.expect("a row");
        }
        f64::from(commits) / start.elapsed().as_secs_f64()
    })
}

/// Rows per second in transactions of 100 rows over as many runs: one statement, prepared, with an array a column.
pub(crate) fn hundred_row_commits(database: &Database, commits: u32) -> f64 {
    with_client(database, async |client| {
        let insert = "INSERT INTO log SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])";
        let insert = client.prepare(insert).await.expect("a statement");
        let runs: Vec<i64> = (0..100).collect();
        let start = Instant::now();
        for seq in 0..commits {
            let (seqs, bodies) = (vec![i64::from(seq); 100], vec![BODY; 100]);
            client.execute(&insert, &[&runs, &seqs, &bodies]).await.expect("the rows");
        }
        f64::from(commits) * 100.0 / start.elapsed().as_secs_f64()
    })
}

/// Tasks per second that are claimed and completed, `batch` in a transaction of one statement: a row changed, removed
/// and put elsewhere.
pub(crate) fn claims_and_completions(database: &Database, batches: u32, batch: u32) -> f64 {
    with_client(database, async |client| {
        let tables = "CREATE TABLE tasks (number BIGINT PRIMARY KEY, state TEXT, body TEXT);
            CREATE TABLE done (number BIGINT, body TEXT); CREATE INDEX tasks_waiting ON tasks (state, number)";
        client.batch_execute(tables).await.expect("tables");
        let rows = "INSERT INTO tasks SELECT i, 'waiting', $1 FROM generate_series(1, $2::bigint) i";
        client.execute(rows, &[&BODY, &i64::from(batches * batch)]).await.expect("the tasks");
        client.batch_execute("VACUUM ANALYZE tasks").await.expect("the tasks are there");
        let claim =
            "UPDATE tasks SET state = 'claimed' WHERE number IN (SELECT number FROM tasks WHERE state = 'waiting'
            ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING number";
        let complete = "WITH gone AS (DELETE FROM tasks WHERE number = ANY ($1) RETURNING number, body)
            INSERT INTO done SELECT number, body FROM gone";
        let claim = client.prepare(claim).await.expect("a statement");
        let complete = client.prepare(complete).await.expect("a statement");
        let start = Instant::now();
        for _ in 0..batches {
            let rows = client.query(&claim, &[&i64::from(batch)]).await.expect("the claims");
            let numbers: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
            client.execute(&complete, &[&numbers]).await.expect("the completions");
        }
        f64::from(batches * batch) / start.elapsed().as_secs_f64()
    })
}

/// Returns the time between the first end of a run and the last.
pub(crate) fn seconds_of_ends(database: &Database) -> f64 {
    let ends =
        "SELECT (max(updated_at) - min(updated_at))::float8 / 1000 FROM steadfast_runs WHERE status = 'completed'";
    with_client(database, async |client| client.query_one(ends, &[]).await.expect("the ends").get(0))
}
