//! (s) Runs that become due: how fast they resume, alone, and beside a million sleepers of which a page is polled.

use crate::table::{Table, median};
use crate::workflows::{WOKEN, naps, sleeper};
use rusqlite::Connection;
use std::future::IntoFuture as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use steadfast::{Engine, RunFilter, Status};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::unbounded_channel;

const DUE: u32 = 10_000;
const SLEEPERS: u32 = 1_000_000;
const ROUNDS: usize = 3;

/// To be compared with half of line (b): a run that resumes does less than one of five steps, but is replayed first.
pub(crate) fn resumed(runtime: &Runtime, folder: &Path, table: &mut Table) {
    for (sleepers, name) in
        [(0, "(s) due runs resumed, alone"), (SLEEPERS, "(s) due runs resumed, beside 1,000,000 and a page")]
    {
        let path = folder.join(format!("due-{sleepers}.db"));
        runtime.block_on(prepare(&path));
        copies(&path, "sleeper", sleepers);
        let mut rates = Vec::new();
        for round in 0..ROUNDS {
            let id = format!("nap-{round}");
            let due = copies(&path, &id, DUE);
            rates.push(runtime.block_on(resume(&path, &id, due)));
        }
        table.alone(name, median(rates), "runs/s", "half of (b)");
    }
}

/// A sleeping run of each kind, to be copied.
async fn prepare(path: &Path) {
    let engine = Engine::builder().sqlite(path).workflow(sleeper).workflow(naps).start().await.expect("an engine");
    let starts = (0..ROUNDS).map(|round| engine.start(naps, ()).id(format!("nap-{round}")).into_future());
    for run in futures_util::future::try_join_all(starts).await.expect("the starts") {
        while run.status().await.expect("a status").status != Status::Sleeping {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let run = engine.start(sleeper, 1_000).id("sleeper").await.expect("a start");
    while run.status().await.expect("a status").status != Status::Sleeping {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    engine.shutdown(Duration::from_secs(5)).await.expect("a shutdown");
}

/// So many more runs like this one, written as rows. How many there are now.
fn copies(path: &Path, id: &str, count: u32) -> u32 {
    let mut db = Connection::open(path).expect("the database");
    let rows = db.transaction().expect("a transaction");
    let columns = |table: &str, but: &[&str]| -> String {
        let mut names = rows.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).expect("a statement");
        let names =
            names.query_map([], |row| row.get::<_, String>(0)).expect("columns").map(|name| name.expect("text"));
        names.filter(|name| !but.contains(&name.as_str())).collect::<Vec<_>>().join(", ")
    };
    let same = columns("steadfast_runs", &["number", "id", "incarnation", "seed", "lineage"]);
    rows.execute(
        &format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
            INSERT INTO steadfast_runs (id, incarnation, {same})
            SELECT id || '-' || i, lower(hex(randomblob(16))), {same} FROM n, steadfast_runs WHERE id = ?1 AND ?2 > 0"
        ),
        (id, count),
    )
    .expect("runs");
    for table in ["steadfast_log", "steadfast_fields"] {
        let same = columns(table, &["run"]);
        let of = same.split(", ").map(|name| format!("o.{name}")).collect::<Vec<_>>().join(", ");
        rows.execute(
            &format!(
                "INSERT INTO {table} (run, {same}) SELECT r.number, {of} FROM steadfast_runs r,
                (SELECT e.* FROM {table} e JOIN steadfast_runs o ON o.number = e.run WHERE o.id = ?1) o
                WHERE r.id > ?1 || '-' AND r.id < ?1 || '.' ORDER BY r.number"
            ),
            [id],
        )
        .expect("entries");
    }
    rows.commit().expect("a commit");
    count + 1
}

/// Has the naps end two seconds after an engine has started, and measures from then until the last has gone on.
async fn resume(path: &Path, id: &str, due: u32) -> f64 {
    let (woken, mut wakes) = unbounded_channel();
    *WOKEN.lock().expect("a lock") = Some(woken);
    let db = Connection::open(path).expect("the database");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let at = i64::try_from(now).expect("before the year 292,000,000") + 2_000;
    db.execute_batch(&format!(
        "CREATE TEMP TABLE due AS SELECT number FROM main.steadfast_runs
                WHERE id = '{id}' OR (id > '{id}-' AND id < '{id}.');
            UPDATE steadfast_log SET entries = (SELECT json_group_array(CASE WHEN value ->> 8 IS NULL THEN json(value)
                ELSE json_set(value, '$[8]', {at}) END) FROM json_each(entries)) WHERE run IN (SELECT number FROM due);
            UPDATE steadfast_runs SET wake_at = {at} WHERE number IN (SELECT number FROM due)"
    ))
    .expect("due");
    drop(db);
    let engine = Engine::builder().sqlite(path).workflow(sleeper).workflow(naps).start().await.expect("an engine");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let left = u64::try_from(at).expect("positive").saturating_sub(u64::try_from(now).expect("small"));
    let begun = Instant::now() + Duration::from_millis(left);
    let page = tokio::spawn(poll(engine.clone()));
    let mut last = begun;
    for _ in 0..due {
        let wake = tokio::time::timeout(Duration::from_mins(5), wakes.recv()).await;
        last = wake.expect("all go on within five minutes").expect("a wake");
    }
    *WOKEN.lock().expect("a lock") = None;
    page.abort();
    engine.shutdown(Duration::from_secs(30)).await.expect("a shutdown");
    f64::from(due) / last.duration_since(begun).as_secs_f64()
}

/// A page that people look at: it asks for runs that sleep, by their status and how their id begins.
async fn poll(engine: Engine) {
    loop {
        let filter = RunFilter::all().status(Status::Sleeping).id_prefix("order-").limit(50);
        engine.list(filter).await.expect("a list");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
