//! Damaged rows and broken systems: each run continues, or is parked with its name; nothing waits forever, and every
//! message names the actual cause (issue 11, C4 and C6).

mod columns;
mod rows;

use crate::faulty::Hooked;
use crate::runs::wait_for;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store};
use steadfast::{EngineError, ParkCause, RunError, RunFilter, Status};
use tokio::time::timeout;

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_secs(30);

#[derive(Message, Serialize, Deserialize)]
struct Go(u32);

#[derive(StepContext, Clone, Debug)]
struct Order {
    #[context(default)]
    name: String,
    #[context(default)]
    total: u64,
}

#[step]
async fn price(_ctx: &Order) -> Result<u64> {
    Ok(7)
}

#[workflow(context = Order)]
async fn ordering(flow: &mut Flow<Order>) -> Result<u64> {
    flow.update(|c| c.name("tea")).await?;
    let total = price(flow).await?;
    flow.update(|c| c.total(total)).await?;
    flow.receive::<Go>().await?;
    Ok(flow.total)
}

#[workflow]
async fn naps(flow: &mut Flow) -> Result<u64> {
    flow.sleep(Duration::from_millis(1_500)).await?;
    Ok(3)
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("runs.db")
    }

    async fn open(&self) -> Engine {
        Engine::builder().sqlite(self.path()).workflow(ordering).workflow(naps).start().await.unwrap()
    }

    /// Creates a file with an unfinished run of each workflow, which no engine has open.
    async fn with_runs() -> Self {
        let place = Self::new();
        let engine = place.open().await;
        let order = engine.start(ordering, ()).id("order-1").await.unwrap();
        let nap = engine.start(naps, ()).id("nap-1").await.unwrap();
        wait_for(&order, Status::Sleeping).await;
        wait_for(&nap, Status::Sleeping).await;
        engine.shutdown(LONG).await.unwrap();
        place
    }

    fn spoil(&self, statements: &str) -> usize {
        let file = rusqlite::Connection::open(self.path()).unwrap();
        crate::entries::change(&file, statements)
    }

    async fn parked(&self, engine: &Engine) -> steadfast::ParkReason {
        let run = engine.handle(ordering, "order-1").await.unwrap();
        match timeout(LONG, run.result()).await.expect("it is not parked") {
            Err(RunError::Parked { reason }) => *reason,
            other => panic!("it should be parked: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_lease_is_missing_used_up_or_of_nobody_is_adopted_by_the_next_start() {
    let largest = i64::MAX;
    for spoiled in [
        "UPDATE steadfast_runs SET lease = NULL".to_owned(),
        "UPDATE steadfast_runs SET lease = 999".to_owned(),
        "UPDATE steadfast_runs SET lease = -1".to_owned(),
        "DELETE FROM steadfast_leases".to_owned(),
        format!("UPDATE steadfast_leases SET epoch = {largest}"),
        format!("UPDATE steadfast_leases SET beat = {largest}"),
        format!("UPDATE steadfast_leases SET epoch = {largest}, beat = {largest}"),
    ] {
        let place = Place::with_runs().await;
        place.spoil(&spoiled);
        let engine = place.open().await;
        let nap = engine.handle(naps, "nap-1").await.unwrap();
        assert_eq!(timeout(LONG, nap.result()).await.expect(&spoiled).unwrap(), 3);
        engine.send("order-1", Go(1)).await.unwrap();
        let order = engine.handle(ordering, "order-1").await.unwrap();
        assert_eq!(timeout(LONG, order.result()).await.expect(&spoiled).unwrap(), 7);
        engine.shutdown(LONG).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_without_a_lease_is_adopted_too() {
    let place = Place::with_runs().await;
    let engine = place.open().await;
    let order = engine.run("order-1").await.unwrap();
    order.pause(steadfast::Pause::Drain).await.unwrap();
    wait_for(&order, Status::Paused).await;
    engine.shutdown(LONG).await.unwrap();
    place.spoil("UPDATE steadfast_runs SET lease = NULL");
    let engine = place.open().await;
    let order = engine.handle(ordering, "order-1").await.unwrap();
    order.resume().await.unwrap();
    order.send(Go(1)).await.unwrap();
    assert_eq!(timeout(LONG, order.result()).await.expect("an engine drives it").unwrap(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_running_and_never_due_is_driven_all_the_same() {
    let place = Place::with_runs().await;
    place.spoil("UPDATE steadfast_runs SET status = 'running', wake_at = NULL");
    let engine = place.open().await;
    let nap = engine.handle(naps, "nap-1").await.unwrap();
    assert_eq!(timeout(LONG, nap.result()).await.expect("an engine drives it").unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_fields_that_are_missing_park_the_run_and_name_it_and_the_entry() {
    for (of, field) in [("context_updated", "total"), ("context_updated", "name"), ("context_set", "total")] {
        let place = Place::with_runs().await;
        let spoiled = place.spoil(&format!(
            "DELETE FROM steadfast_fields WHERE name = '{field}'
                AND seq IN (SELECT seq FROM steadfast_entries WHERE kind = '{of}' AND run = steadfast_fields.run)"
        ));
        if spoiled == 0 {
            // A context of defaults alone is not recorded.
            assert_eq!(of, "context_set");
            continue;
        }
        let engine = place.open().await;
        engine.send("order-1", Go(1)).await.unwrap();
        let reason = place.parked(&engine).await;
        assert_eq!(reason.cause, ParkCause::Damaged, "{reason}");
        for part in ["run `order-1`", "entry ", field, "steadfast_fields"] {
            assert!(reason.message.contains(part), "«{reason}» does not say «{part}»");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_has_lost_its_end_parks_the_run() {
    let place = Place::with_runs().await;
    let last =
        "DELETE FROM steadfast_entries WHERE (run, seq) IN (SELECT run, max(seq) FROM steadfast_entries GROUP BY run)";
    assert!(place.spoil(last) > 0);
    let engine = place.open().await;
    engine.send("order-1", Go(1)).await.unwrap();
    let reason = place.parked(&engine).await;
    assert_eq!(reason.cause, ParkCause::Damaged, "{reason}");
    for part in ["run `order-1`", "its row says that it has", "found were"] {
        assert!(reason.message.contains(part), "«{reason}» does not say «{part}»");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_names_another_cause_parks_the_run_and_is_named() {
    let place = Place::with_runs().await;
    let updated = "kind = 'context_updated' AND seq > 4";
    assert_eq!(place.spoil(&format!("UPDATE steadfast_entries SET cause = cause - 1 WHERE {updated}")), 1);
    let engine = place.open().await;
    engine.send("order-1", Go(1)).await.unwrap();
    let reason = place.parked(&engine).await;
    assert_eq!(reason.cause, ParkCause::Damaged, "{reason}");
    for part in ["run `order-1`", "names entry", "as its cause"] {
        assert!(reason.message.contains(part), "«{reason}» does not say «{part}»");
    }
}

/// Tests a store that does not check formats: its entries are from a newer version.
#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_newer_format_park_the_run_and_are_named_whatever_the_store() {
    let inner = MemoryStore::new();
    let newer = Hooked::new(inner.clone(), |store: &MemoryStore, writes: &[Write]| {
        let mut writes = writes.to_vec();
        for write in &mut writes {
            if let Write::Append(append) = write {
                std::sync::Arc::make_mut(append).entries.iter_mut().for_each(|entry| entry.format = 1_000);
            }
        }
        store.commit(&writes)
    });
    let engine = Engine::builder().store(newer).workflow(ordering).start().await.unwrap();
    let run = engine.start(ordering, ()).id("order-1").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    engine.shutdown(LONG).await.unwrap();
    let engine = Engine::builder().store(inner).workflow(ordering).start().await.unwrap();
    engine.send("order-1", Go(1)).await.unwrap();
    let run = engine.handle(ordering, "order-1").await.unwrap();
    let ended = timeout(LONG, run.result()).await.expect("it is not parked");
    let Err(RunError::Parked { reason }) = ended else { panic!("{ended:?}") };
    assert_eq!(reason.cause, ParkCause::Damaged, "{reason}");
    for part in ["run `order-1`", "entry 2 has format 1000", "use a newer version"] {
        assert!(reason.message.contains(part), "«{reason}» does not say «{part}»");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_damaged_is_called_damaged_and_not_of_another_type() {
    let place = Place::with_runs().await;
    assert_eq!(place.spoil("UPDATE steadfast_entries SET body = '{\"oops' WHERE kind = 'step_completed'"), 1);
    let engine = place.open().await;
    engine.send("order-1", Go(1)).await.unwrap();
    let reason = place.parked(&engine).await;
    assert_eq!(reason.cause, ParkCause::Damaged, "{reason}");
    assert!(reason.message.contains("damaged") && !reason.message.contains("today's types"), "{reason}");
    assert!(reason.message.contains("`order-1`"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_run_without_a_readable_reason_says_so() {
    for reason in ["NULL", "'{'", "'{\"cause\":\"of_the_future\",\"message\":\"new\"}'"] {
        let place = Place::with_runs().await;
        place.spoil(&format!(
            "UPDATE steadfast_runs SET status = 'parked', lease = NULL, wake_at = NULL, parked = {reason}"
        ));
        // This engine lacks the workflow.
        let engine = Engine::builder().sqlite(place.path()).start().await.unwrap();
        let run = engine.handle(ordering, "order-1").await.unwrap();
        assert!(run.status().await.unwrap().parked.is_some(), "{reason}");
        let ended = timeout(LONG, run.result()).await.expect("it answers");
        assert!(matches!(ended, Err(RunError::Parked { .. })), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_names_the_run_that_was_read() {
    let place = Place::with_runs().await;
    let (page, size): (i64, i64) = {
        let file = rusqlite::Connection::open(place.path()).unwrap();
        file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let root = "SELECT rootpage FROM sqlite_master WHERE name = 'steadfast_log'";
        let size = file.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
        (file.query_row(root, [], |row| row.get(0)).unwrap(), size)
    };
    let mut bytes = std::fs::read(place.path()).unwrap();
    let at = usize::try_from((page - 1) * size).unwrap();
    bytes[at..at + 64].fill(0xFF);
    std::fs::write(place.path(), bytes).unwrap();
    let engine = place.open().await;
    let run = engine.run("order-1").await.unwrap();
    let error = run.history().await.unwrap_err();
    assert!(error.to_string().contains("order-1"), "{error}");
}

#[test]
fn what_a_stopped_engine_says_is_about_more_than_starts() {
    let text = EngineError::ShuttingDown.to_string();
    assert!(!text.contains("starts nothing"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_engine_answers_or_says_that_it_has_stopped() {
    let place = Place::with_runs().await;
    let engine = place.open().await;
    engine.shutdown(LONG).await.unwrap();
    match engine.list(RunFilter::all()).await {
        Ok(runs) => assert_eq!(runs.len(), 2),
        Err(error) => assert!(error.to_string().contains("stopped"), "{error}"),
    }
}

fn crasher(place: &Place, shell: &str) -> Output {
    let (program, folder): (&str, &Path) = (env!("CARGO_BIN_EXE_crasher"), place.folder.path());
    let (database, log) = (folder.join("crasher.db"), folder.join("log"));
    let script = format!("{shell} exec {program} {} {} none 0 1 1", database.display(), log.display());
    limits::output(Command::new("sh").args(["-c", &script]))
}

#[test]
fn a_thread_that_cannot_be_started_is_an_error_of_the_start() {
    // No thread with a stack of the default size can be spawned. The runtime's threads have another size.
    let output = crasher(&Place::new(), "export RUST_MIN_STACK=70368744177664;");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && !text.contains("panicked"), "{text}");
    assert!(
        text.contains("`steadfast-commit` cannot be started") || text.contains("`steadfast-timers` cannot"),
        "{text}"
    );
}

#[test]
fn too_few_file_descriptors_are_called_that() {
    let mut named = 0;
    for limit in 8..60 {
        let output = crasher(&Place::new(), &format!("ulimit -n {limit};"));
        let text = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            break;
        }
        assert!(!text.contains("cannot be written"), "with {limit}: {text}");
        named += u32::from(text.contains("ulimit -n"));
    }
    assert!(named > 0, "it never said so");
}
