//! Graphs in real processes that are killed (case E10).

use crate::place::Place;
use limits::Heard;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn spawn(place: &Place) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sorter"));
    command.arg(place.name()).arg(place.folder().join("log"));
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Waits for a line of the program with this beginning, and returns it.
fn printed(child: &mut Child, beginning: &str) -> String {
    let mut heard = Heard::of(child.stdout.take().unwrap());
    while !heard.next_line().expect("the program has ended without that").starts_with(beginning) {}
    heard.said.pop().unwrap_or_default()
}

/// Checks that no attempt ran twice, and no step had more than one call for an event.
fn check_log(folder: &Path) {
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    let attempts: BTreeSet<&str> = log.lines().collect();
    assert_eq!(attempts.len(), log.lines().count(), "an attempt ran twice");
    let calls: BTreeSet<&str> = log.lines().filter_map(|line| line.rsplit_once(' ')).map(|(call, _)| call).collect();
    assert_eq!(calls.len(), 1 + 20 + 2 + 1, "one call for each event: {calls:?}");
}

/// Returns how many attempts have begun so far.
fn attempts(folder: &Path) -> u64 {
    std::fs::read_to_string(folder.join("log")).map_or(0, |log| log.lines().count() as u64)
}

/// The expected output: 20 letters read, of 0 to 19 bytes; letter 3 dropped by a person.
const RESULT: &str = "(20, 190, 19, 187)";

crate::tests_on!(file, postgres:
    a_graph_comes_to_the_same_however_often_its_process_is_killed,
);

async fn a_graph_comes_to_the_same_however_often_its_process_is_killed(place: Place) {
    let mut kills = 0_u64;
    loop {
        // After each kill the process gets a little further, however fast the machine is.
        let upto = attempts(place.folder()) + 1 + kills % 2;
        let mut child = place.spawn(|| spawn(&place));
        let mut has_ended = false;
        limits::until(async || {
            has_ended = child.try_wait().unwrap().is_some();
            has_ended || attempts(place.folder()) >= upto
        })
        .await;
        std::thread::sleep(Duration::from_micros(kills * 977 % 6_000));
        if kills == 12 || has_ended {
            assert_eq!(printed(&mut child, "("), RESULT);
            assert!(limits::ended(&mut child).success());
            break;
        }
        child.kill().unwrap();
        limits::ended(&mut child);
        kills += 1;
    }
    println!("killed {kills} times");
    assert!(kills >= 2, "it ended before it was killed twice");
    check_log(place.folder());
}
