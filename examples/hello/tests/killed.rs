//! Kills the smallest example in the middle: a finished greeting is not repeated.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use steadfast::Engine;
use steadfast::history::Kind;

fn start(folder: &Path) -> (Child, impl Iterator<Item = String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello"));
    let mut child = command.current_dir(folder).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    (child, lines)
}

/// Returns the number of the attempt in which each greeting was completed, in order.
async fn finished_in(folder: &Path) -> Vec<usize> {
    let engine = Engine::builder().sqlite(folder.join("hello.db")).start().await.unwrap();
    let history = engine.run("hello-1").await.unwrap().history().await.unwrap();
    let done = history.iter().filter(|entry| entry.kind == Kind::StepCompleted);
    done.map(|entry| entry.attempt.unwrap() as usize).collect()
}

async fn killed_after(wait: Duration) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = folder.path();
    let (mut child, mut lines) = start(folder);
    let mut said: Vec<_> = lines.by_ref().take(2).collect();
    assert_eq!(said, ["Hello, world!", "Good day, world!"]);
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
    said.extend(lines);

    let (mut child, lines) = start(folder);
    said.extend(lines);
    assert!(child.wait().unwrap().success());
    assert_eq!(said.last().unwrap(), "greeted 3 times");

    let times = |line| said.iter().filter(|said| *said == line).count();
    let attempts = finished_in(folder).await;
    // The first greeting was recorded before the second began. The kill may come between a later greeting and its
    // record.
    assert_eq!(times("Hello, world!"), 1, "{said:?}");
    for (line, attempts) in ["Hello, world!", "Good day, world!", "Good night, world!"].iter().zip(attempts) {
        assert!((1..=attempts).contains(&times(line)), "{line} in {attempts} attempts: {said:?}");
    }

    let (mut child, lines) = start(folder);
    assert_eq!(lines.collect::<Vec<_>>(), ["greeted 3 times"], "nothing is left to be done");
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn killed_as_soon_as_it_has_greeted() {
    killed_after(Duration::ZERO).await;
}

#[tokio::test]
async fn killed_while_it_sleeps() {
    killed_after(Duration::from_millis(400)).await;
}
