//! What processes of one machine know of each other on Postgres: a side file in a folder of the machine, and nothing
//! where it is missing.

use crate::place::Place;
use limits::{Heard, Soon as _};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use steadfast::prelude::*;

/// A lease term that no test waits for.
const HOUR: Duration = Duration::from_hours(1);

/// The record in the column `loads` of a run that is parked if another process dies while its code is polled alone.
const ALMOST_FOUND: i64 = 6 | 3 << 16;

/// How long a run of the program `crasher` takes, in milliseconds.
const MILLIS: u32 = 1_000;

/// Whether the step of such a run has begun in this process.
static RUNS_HERE: AtomicBool = AtomicBool::new(false);

// As in the program `crasher`, whose runs are taken over here.
#[step]
async fn wait(millis: u64) -> Result<u64> {
    RUNS_HERE.fetch_or(millis == u64::from(MILLIS), Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(millis)
}

#[workflow]
async fn bystander(flow: &mut Flow, millis: u64) -> Result<u64> {
    Ok(wait(flow, millis).await?)
}

/// Starts `crasher` with a folder for temporary files.
fn crasher(place: &Place, temporary: &Path, how: &str, culprits: u32, bystanders: u32) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crasher"));
    command.arg(place.name()).arg(place.folder().join("log")).arg(how);
    command.args([culprits, bystanders, MILLIS].map(|n| n.to_string())).env("TMPDIR", temporary);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it begins")
}

fn printed(child: Child) -> String {
    String::from_utf8(limits::output_of(child, b"").stdout).expect("texts")
}

/// Waits until a process is up. Keep the return value: its pipe is closed with it.
fn is_up(child: &mut Child) -> Heard {
    let mut heard = Heard::of(child.stdout.take().expect("its output"));
    heard.until("up");
    heard
}

fn killed(mut child: Child) {
    child.kill().expect("killed");
    limits::ended(&mut child);
}

/// Returns a new folder for temporary files.
fn folder(place: &Place, name: &str) -> PathBuf {
    let folder = place.folder().join(name);
    std::fs::create_dir(&folder).expect("a folder");
    folder
}

/// Returns the side files of a database in a folder for temporary files.
fn side_files(temporary: &Path, database: &str) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(temporary).expect("a folder").flatten();
    let folders = folders.filter(|entry| entry.file_name().to_string_lossy().starts_with("steadfast-"));
    let files = folders.flat_map(|entry| std::fs::read_dir(entry.path()).into_iter().flatten().flatten());
    let ours = files.filter(|entry| entry.file_name().to_string_lossy().starts_with(database));
    ours.map(|entry| entry.path()).collect()
}

/// Returns the contents of the only side file in a folder for temporary files.
fn side_file(temporary: &Path) -> Vec<u8> {
    let files = side_files(temporary, "");
    assert_eq!(files.len(), 1, "{files:?}");
    std::fs::read(&files[0]).expect("a side file")
}

crate::tests_on!(postgres:
    a_missing_side_file_parks_nothing_and_is_no_death,
    a_living_process_whose_side_file_was_removed_goes_on,
    a_process_without_a_folder_for_side_files_works,
    an_engine_that_was_dropped_is_taken_over_at_once_and_its_files_are_swept,
    a_process_that_hangs_has_not_died,
);

async fn a_missing_side_file_parks_nothing_and_is_no_death(place: Place) {
    let [here, elsewhere] = ["here", "elsewhere"].map(|name| folder(&place, name));
    assert_eq!(printed(crasher(&place, &here, "abort", 1, 0)), "up\n");
    place.rows(&format!("UPDATE steadfast_runs SET loads = {ALMOST_FOUND} RETURNING 1"));
    assert_eq!(
        printed(crasher(&place, &here, "abort", 1, 0)),
        "up\n",
        "it is on probation alone, and ends its process"
    );
    let owner = || place.rows("SELECT owner FROM steadfast_leases")[0][0].clone();
    let died = owner();
    // An engine of another folder waits for the term, though a process of the first folder would not.
    let engine = place.builder().lease_term(HOUR).workflow(bystander).start().soon().await.expect("an engine");
    assert!(place.rows("SELECT owner FROM steadfast_leases").contains(&vec![died]), "it is taken over at once");
    engine.shutdown(Duration::ZERO).soon().await.expect("an orderly end");
    assert_eq!(printed(crasher(&place, &elsewhere, "abort", 1, 0)), "up\n", "parked without evidence");
    assert_eq!(place.count("SELECT loads FROM steadfast_runs"), ALMOST_FOUND + 2, "two deaths more, and no proof");
    // The same with the evidence of the process that has just died.
    let text = printed(crasher(&place, &elsewhere, "abort", 1, 0));
    assert!(text.contains("parked culprit-0: run `culprit-0` ends its process"), "{text}");
}

async fn a_living_process_whose_side_file_was_removed_goes_on(place: Place) {
    let here = folder(&place, "here");
    let mut living = crasher(&place, &here, "none", 0, 1);
    let _heard = is_up(&mut living);
    assert!(!side_file(&here).is_empty());
    std::fs::remove_dir_all(&here).expect("a cleaner removes them");
    std::fs::create_dir(&here).expect("a folder");
    let text = printed(crasher(&place, &here, "none", 0, 1));
    assert!(text.contains("ended bystander-0"), "{text}");
    assert!(limits::ended(&mut living).success());
    let attempts = std::fs::read_to_string(place.folder().join("log")).expect("a log");
    assert_eq!(attempts, "bystander-0\n", "a living process was taken over");
}

async fn a_process_without_a_folder_for_side_files_works(place: Place) {
    let text = printed(crasher(&place, &place.folder().join("missing"), "none", 0, 1));
    assert!(text.contains("ended bystander-0"), "{text}");
    // Another user may have made a link of that name.
    let [here, elsewhere] = ["here", "elsewhere"].map(|name| folder(&place, name));
    let user = here.metadata().expect("a folder").uid();
    symlink(&elsewhere, here.join(format!("steadfast-{user}"))).expect("a link");
    let text = printed(crasher(&place, &here, "none", 0, 2));
    assert!(text.contains("ended bystander-1"), "{text}");
    assert_eq!(std::fs::read_dir(&elsewhere).expect("a folder").count(), 0);
}

async fn an_engine_that_was_dropped_is_taken_over_at_once_and_its_files_are_swept(place: Place) {
    let start = || place.builder().lease_term(HOUR).workflow(bystander).start().soon();
    let engine = start().await.expect("an engine");
    let database = place.store().database_id().to_owned();
    engine.start(bystander, 50).id("bystander-0").soon().await.expect("a start");
    drop(engine);
    let engine = start().await.expect("an engine");
    let names = side_files(&std::env::temp_dir(), &database);
    assert_eq!(names.len(), 1, "that of the dropped engine is removed: {names:?}");
    let run = engine.handle(bystander, "bystander-0").soon().await.expect("a run");
    assert_eq!(run.result().soon().await.expect("a result"), 50);
    assert_eq!(place.count("SELECT loads FROM steadfast_runs"), 0);
    engine.shutdown(Duration::ZERO).soon().await.expect("an orderly end");
    assert!(side_files(&std::env::temp_dir(), &database).is_empty());
}

async fn a_process_that_hangs_has_not_died(place: Place) {
    let mut first = crasher(&place, &std::env::temp_dir(), "none", 0, 1);
    let _heard = is_up(&mut first);
    assert!(Command::new("kill").args(["-STOP", &first.id().to_string()]).status().expect("kill").success());
    let engine = place.builder().workflow(bystander).start().soon().await.expect("an engine");
    limits::until(async || RUNS_HERE.load(Ordering::SeqCst)).await;
    assert_eq!(place.count("SELECT loads FROM steadfast_runs"), 0, "its silence is counted as a death");
    killed(first);
    engine.shutdown(Duration::ZERO).soon().await.expect("an orderly end");
}
