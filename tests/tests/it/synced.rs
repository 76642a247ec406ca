//! Answers come after a sync to disk: a library that is loaded before the C library counts the syncs.
#![cfg(target_os = "linux")]

use limits::Soon as _;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use steadfast::Durability;
use steadfast::prelude::*;

/// The variable with the path of the log, to which the child and the library append a line for each event.
const LOG: &str = "STEADFAST_SYNCS";
/// The variable with the path of the child's database.
const DATABASE: &str = "STEADFAST_SYNCED_DATABASE";
/// The variable that selects relaxed durability instead of the engine's default.
const RELAXED: &str = "STEADFAST_SYNCED_RELAXED";

const STEPS: usize = 30;

const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int counted(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int answer = real(fd);
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    int log = open(getenv("STEADFAST_SYNCS"), O_WRONLY | O_APPEND);
    if (log >= 0 && length > 0 && answer == 0) {
        path[length] = '\n';
        if (write(log, path, length + 1) < 0) abort();
    }
    if (log >= 0) close(log);
    return answer;
}
int fsync(int fd) { return counted("fsync", fd); }
int fdatasync(int fd) { return counted("fdatasync", fd); }
"#;

fn mark(line: &str) {
    let Some(path) = std::env::var_os(LOG) else { return };
    let mut log = OpenOptions::new().append(true).open(path).expect("the log");
    log.write_all(format!("{line}\n").as_bytes()).expect("written");
}

#[step]
async fn marks(n: usize) -> Result<usize> {
    mark("step");
    Ok(n)
}

#[workflow]
async fn marking(flow: &mut Flow, steps: usize) -> Result<usize> {
    for n in 0..steps {
        marks(&*flow, n).await?;
    }
    Ok(steps)
}

/// Runs in a separate process, with the library. Elsewhere it does nothing.
#[tokio::test]
async fn the_child_whose_syncs_are_counted() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let builder = Engine::builder().sqlite(path).workflow(marking);
    let builder = if std::env::var_os(RELAXED).is_some() { builder.durability(Durability::Relaxed) } else { builder };
    let engine = builder.start().await.unwrap();
    let run = engine.start(marking, STEPS).await.unwrap();
    run.result().soon().await.unwrap();
    mark("result");
}

/// Returns the number of syncs of the database's log before each mark, since the previous mark.
fn syncs(folder: &Path, library: &Path, relaxed: bool) -> Vec<(String, usize)> {
    let (log, database) = (folder.join(format!("log-{relaxed}")), folder.join(format!("runs-{relaxed}.db")));
    std::fs::write(&log, "").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "synced::the_child_whose_syncs_are_counted", "--test-threads=1"]);
    child.env("LD_PRELOAD", library).env(LOG, &log).env(DATABASE, &database);
    if relaxed {
        child.env(RELAXED, "1");
    }
    let output = limits::output(&mut child);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let (mut marks, mut since) = (Vec::new(), 0);
    for line in std::fs::read_to_string(&log).unwrap().lines() {
        if line.ends_with(".db-wal") {
            since += 1;
        } else if !line.starts_with('/') {
            marks.push((line.to_owned(), std::mem::take(&mut since)));
        }
    }
    marks
}

#[test]
fn a_body_begins_and_an_answer_is_given_only_after_a_sync_and_a_step_costs_one() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (source, library) = (folder.path().join("syncs.c"), folder.path().join("libsyncs.so"));
    std::fs::write(&source, LIBRARY).unwrap();
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").output();
    match compiled {
        Ok(output) if output.status.success() => {}
        other => {
            println!("skipped: `cc` cannot make a library here: {other:?}");
            return;
        }
    }
    let full = syncs(folder.path(), &library, false);
    let shown = full.iter().fold(String::new(), |mut text, (mark, syncs)| {
        let _ = write!(text, "{mark} {syncs}, ");
        text
    });
    println!("{shown}");
    let steps: Vec<usize> = full.iter().filter(|(mark, _)| mark == "step").map(|(_, syncs)| *syncs).collect();
    assert_eq!(steps.len(), STEPS);
    assert!(steps[1..].iter().all(|syncs| *syncs > 0), "a body began before its start was synced: {shown}");
    assert!(
        full.last().is_some_and(|(mark, syncs)| mark == "result" && *syncs > 0),
        "the result was not synced: {shown}"
    );
    // Heartbeats add a sync now and then.
    let most = steps[1..].iter().filter(|syncs| **syncs == 1).count();
    assert!(most * 10 >= (STEPS - 1) * 8, "a step costs one sync: {shown}");

    let relaxed = syncs(folder.path(), &library, true);
    let without = relaxed.iter().filter(|(mark, syncs)| mark == "step" && *syncs == 0).count();
    assert!(without * 10 >= STEPS * 8, "the library sees what is not synced: {relaxed:?}");
}
