//! The wall clock is set while runs wait: durations keep their length, points in time follow the clock. Uses real
//! processes under a library that moves their wall clock (`src/bin/clock.c`), where there is a C compiler.

use crate::moved_clock::library;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Returns the library, or prints the reason and returns `None` if it cannot be built or used here.
fn shim() -> Option<&'static Path> {
    library().inspect_err(|why| println!("skipped: the clock cannot be moved here: {why}")).ok()
}

/// Runs the program. Returns the duration in milliseconds and the end of each run.
fn play(shim: &Path, file: &Path, arguments: [&str; 3]) -> BTreeMap<String, (u64, String)> {
    let program = env!("CARGO_BIN_EXE_clock");
    let output =
        Command::new(program).args(arguments).env("LD_PRELOAD", shim).env("CLOCK_FILE", file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let line = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        (word(), (word().parse().unwrap(), word()))
    };
    text.lines().map(line).collect()
}

fn check(database: &str, seconds: &str) {
    let folder = tempfile::tempdir().unwrap();
    let Some(shim) = shim() else { return };
    let file = folder.path().join("offset");
    std::fs::write(&file, "0").unwrap();
    let path = folder.path().join("runs.db");
    let database = if database == "memory" { database } else { path.to_str().unwrap() };
    let ended = play(shim, &file, [database, seconds, "set"]);
    println!("{seconds} s, {database}: {ended:?}");
    let expected = [
        ("step", 1_500, "completed"),
        ("timeout", 800, "failed"),
        ("backoff", 800, "completed"),
        ("sleep", 800, "completed"),
        ("within", 800, "completed"),
        ("limit", 1_500, "timed_out"),
        ("child", 1_500, "timed_out"),
    ];
    for (which, least, status) in expected {
        let (took, found) = &ended[which];
        assert_eq!(found, status, "{which}, set by {seconds} s: {ended:?}");
        assert!((least - 10..least + 12_000).contains(took), "{which}, set by {seconds} s: {ended:?}");
    }
    // Points in time follow: they are now in the past, or further ahead.
    let (moment, deadline) = if seconds.starts_with('-') { ("waits", "waits") } else { ("completed", "timed_out") };
    assert_eq!(ended["moment"].1, moment, "set by {seconds} s: {ended:?}");
    assert_eq!(ended["deadline"].1, deadline, "set by {seconds} s: {ended:?}");
}

#[test]
fn in_memory_durations_stay_what_they_are_when_the_clock_is_set_back() {
    check("memory", "-3600");
}

#[test]
fn in_memory_durations_stay_what_they_are_when_the_clock_is_set_forward() {
    check("memory", "3600");
}

#[test]
fn durations_of_evicted_runs_stay_what_they_are_when_the_clock_is_set_back() {
    check("file", "-3600");
}

#[test]
fn durations_of_evicted_runs_stay_what_they_are_when_the_clock_is_set_forward() {
    check("file", "3600");
}

#[test]
fn a_restart_after_the_clock_was_set_goes_on_with_what_was_left() {
    for seconds in ["-3600", "3600"] {
        let folder = tempfile::tempdir().unwrap();
        let Some(shim) = shim() else { return };
        let file = folder.path().join("offset");
        std::fs::write(&file, "0").unwrap();
        let path = folder.path().join("runs.db");
        let begun = Instant::now();
        play(shim, &file, [path.to_str().unwrap(), seconds, "restart"]);
        let ended = play(shim, &file, [path.to_str().unwrap(), seconds, "resume"]);
        let took = begun.elapsed();
        assert_eq!(ended["long"].1, "completed", "set by {seconds} s: {ended:?}");
        assert!(took >= Duration::from_secs(4), "set by {seconds} s: it slept {took:?} of 4 s");
    }
}

#[test]
fn a_clock_that_is_set_back_while_nobody_runs_costs_no_more_than_that_time() {
    let folder = tempfile::tempdir().unwrap();
    let Some(shim) = shim() else { return };
    let file = folder.path().join("offset");
    std::fs::write(&file, "0").unwrap();
    let path = folder.path().join("runs.db");
    play(shim, &file, [path.to_str().unwrap(), "0", "restart"]);
    std::fs::write(&file, "-3600").unwrap();
    let ended = play(shim, &file, [path.to_str().unwrap(), "0", "resume"]);
    assert_eq!(ended["long"].1, "completed", "{ended:?}");
}
