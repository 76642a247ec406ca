//! Backups as the guide describes them: SQLite copies the file while the engine runs, then any tool copies the folder
//! of the field store.

use limits::Soon as _;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use steadfast::field_store::FolderStore;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, RunFilter};

#[derive(StepContext, Clone)]
struct Parcel {
    #[context(default, store = "blobs")]
    label: Bytes,
    #[context(default)]
    weighed: u64,
}

#[step]
async fn weigh(ctx: &Parcel, n: u64) -> Result<u64> {
    Ok(n + ctx.label.len() as u64)
}

/// Changes a small field and one in the store again and again.
#[workflow(context = Parcel)]
async fn ship(flow: &mut Flow<Parcel>, number: u64) -> Result<u64> {
    for n in 0..10 {
        flow.update(|c| c.label(Bytes::from(vec![b'x'; 2_000 + usize::try_from(number + n).unwrap_or_default()])))
            .await?;
        let weight = weigh(flow, n).await?;
        flow.update(|c| c.weighed(c.weighed + weight)).await?;
        if n == 5 && number == HELD {
            flow.receive::<Release>().await?;
        }
        flow.sleep(Duration::from_millis(10)).await?;
    }
    Ok(flow.weighed)
}

const RUNS: u64 = 20;
/// The run that is blocked until it is released.
const HELD: u64 = RUNS - 1;

#[derive(Message, Serialize, Deserialize)]
struct Release;

fn expected(number: u64) -> u64 {
    (0..10).map(|n| 2_000 + number + n + n).sum()
}

fn builder(folder: &Path) -> EngineBuilder {
    let store = FolderStore::new(folder.join("blobs")).unwrap();
    Engine::builder().sqlite(folder.join("ship.db")).field_store("blobs", store).workflow(ship)
}

/// Copies a folder, as any tool would.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // A file that is being written has a temporary name, and may vanish.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}

/// Starts all runs on an engine with its files in a folder. Returns it with its folder and an empty folder for a
/// backup.
async fn shipping(folder: &Path) -> (Engine, PathBuf, PathBuf) {
    let (here, there) = (folder.join("here"), folder.join("there"));
    std::fs::create_dir_all(&here).unwrap();
    std::fs::create_dir_all(&there).unwrap();
    let engine = builder(&here).start().await.unwrap();
    for number in 0..RUNS {
        engine.start(ship, number).id(format!("parcel-{number}")).await.unwrap();
    }
    (engine, here, there)
}

/// Releases the blocked run, and checks the result of each.
async fn results(engine: &Engine) {
    engine.send(format!("parcel-{HELD}"), Release).key("release").await.unwrap();
    for number in 0..RUNS {
        let run = engine.handle(ship, &format!("parcel-{number}")).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), expected(number), "parcel {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_engine_continues_elsewhere_with_everything_that_it_points_to() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (engine, here, there) = shipping(folder.path()).await;
    limits::until(async || engine.run("parcel-7").await.unwrap().status().await.unwrap().entries > 8).await;

    let connection = Connection::open(here.join("ship.db")).unwrap();
    connection.execute("VACUUM INTO ?1", [there.join("ship.db").to_str().unwrap()]).unwrap();
    results(&engine).await;
    // The folder must be copied after the file, any time later.
    copy(&here.join("blobs"), &there.join("blobs"));
    engine.shutdown(Duration::from_secs(10)).await.unwrap();

    let restored = builder(&there).check().await.unwrap();
    assert!(restored.is_ok(), "{restored}");
    assert!(restored.checked() > 0, "the backup has the run that is held");
    let engine = builder(&there).start().await.unwrap();
    assert_eq!(engine.list(RunFilter::all()).await.unwrap().len(), usize::try_from(RUNS).unwrap());
    results(&engine).await;
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_orderly_end_the_file_alone_is_the_database() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (engine, here, there) = shipping(folder.path()).await;
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
    // Not even the last handle has to be dropped.
    let log = std::fs::metadata(here.join("ship.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "everything is in the file");
    std::fs::copy(here.join("ship.db"), there.join("ship.db")).unwrap();
    copy(&here.join("blobs"), &there.join("blobs"));
    drop(engine);
    let engine = builder(&there).start().await.unwrap();
    results(&engine).await;
    engine.shutdown(Duration::from_secs(10)).await.unwrap();
}
