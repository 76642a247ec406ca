//! Looking changes nothing: not a byte of a file, no lease, no run.

use crate::order::{self, asked, from_outside, inspectors};
use crate::place::Place;
use crate::seen::everything;
use crate::tests_on;
use limits::Soon as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use steadfast::inspect::Inspector;
use steadfast::store::backend::RunKey;

tests_on!(file, postgres: no_lease_and_no_run_is_taken, looking_goes_on_while_engines_come_and_go);

/// Returns the file and its log, byte by byte. The index of the log is no data, and readers mark their places in it.
fn bytes(path: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let log = PathBuf::from(format!("{}-wal", path.display()));
    [path.to_owned(), log].into_iter().map(|file| (file.clone(), std::fs::read(file).ok())).collect()
}

async fn no_lease_and_no_run_is_taken(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    let store = place.store();
    let read = || {
        tokio::task::block_in_place(|| {
            (
                store.leases().expect("read"),
                store.run(RunKey::Id("order-1")).expect("read").map(|run| (run.seq, run.lease)),
            )
        })
    };
    let before = read();
    for inspector in inspectors(&place, &engine).await {
        everything(&inspector).await;
        inspector.health(true).soon().await.expect("measured");
        inspector.workers().soon().await.expect("read");
    }
    let (leases, run) = read();
    assert_eq!(run, before.1);
    let owners = |leases: &[steadfast::store::backend::LeaseRow]| {
        leases.iter().map(|lease| (lease.number, lease.owner.clone(), lease.epoch)).collect::<Vec<_>>()
    };
    assert_eq!(owners(&leases), owners(&before.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_a_byte_of_a_file_changes() {
    let place = Place::file().expect("a file");
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    engine.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
    // Without a log, as after the end of the last process: none is made.
    let folder = tempfile::tempdir_in(place.folder()).expect("a folder");
    let copy = folder.path().join("alone.db");
    std::fs::copy(place.path(), &copy).expect("copied");
    let inspector = Inspector::sqlite(&copy).soon().await.expect("opened");
    let before = bytes(&copy);
    everything(&inspector).await;
    inspector.health(true).soon().await.expect("measured");
    assert_eq!(bytes(&copy), before);
    let names: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(names.len(), 1, "{names:?}");

    // With a log, as after a crash: it is read, and neither changed nor moved into the file.
    let folder = tempfile::tempdir_in(place.folder()).expect("a folder");
    let copy = folder.path().join("place.db");
    let engine = order::engine(&place).await;
    asked(&engine, "order-2").await;
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        std::fs::copy(name(&place.path()), name(&copy)).expect("copied");
    }
    let before = bytes(&copy);
    assert!(before[1].1.as_ref().is_some_and(|log| !log.is_empty()), "there is a log");
    let inspector = Inspector::sqlite(&copy).soon().await.expect("opened");
    let all = everything(&inspector).await;
    assert_eq!(all["runs"]["items"].as_array().expect("a list").len(), 4);
    assert_eq!(bytes(&copy), before);
    drop(inspector);
    assert_eq!(bytes(&copy), before, "also at its end");
}

/// An inspector that is open does not hold up an engine, and sees what is committed meanwhile.
async fn looking_goes_on_while_engines_come_and_go(place: Place) {
    let first = order::engine(&place).await;
    first.start(order::parcel, 0).id("0").soon().await.expect("started").result().soon().await.expect("done");
    let inspector = from_outside(&place).await.expect("not in memory");
    drop(first);
    for n in 1..4 {
        let engine = order::engine(&place).await;
        let looking = inspector.clone();
        let looks = tokio::spawn(async move {
            for _ in 0..20 {
                everything(&looking).await;
            }
        });
        let run = engine.start(order::parcel, 0).id(n.to_string()).soon().await.expect("started");
        run.result().soon().await.expect("done");
        let runs = inspector.runs(&steadfast::inspect::RunsQuery::all()).soon().await.expect("read");
        assert_eq!(runs.items.len(), n + 1);
        engine.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
        looks.soon().await.expect("each look is answered");
    }
}
