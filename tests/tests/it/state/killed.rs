//! Shared state in real processes that are killed (cases E1 and E4).

use crate::place::Place;
use limits::Heard;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn spawn(place: &Place, what: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counter"));
    command.arg(place.name()).arg(place.folder().join("log")).arg(what);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Waits for a line of the program with this beginning, and returns it.
fn printed(child: &mut Child, beginning: &str) -> String {
    let mut heard = Heard::of(child.stdout.take().unwrap());
    while !heard.next_line().expect("the program has ended without that").starts_with(beginning) {}
    heard.said.pop().unwrap_or_default()
}

/// Checks that no attempt ran twice, and returns the number of attempts.
fn check_log(folder: &Path) -> usize {
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    let attempts: BTreeSet<&str> = log.lines().collect();
    assert_eq!(attempts.len(), log.lines().count(), "an attempt ran twice");
    attempts.len()
}

crate::tests_on!(file, postgres:
    two_hundred_steps_count_to_two_hundred_however_often_the_process_is_killed,
    an_edit_counts_once_and_a_reader_of_its_result_has_seen_the_truth,
);

async fn two_hundred_steps_count_to_two_hundred_however_often_the_process_is_killed(place: Place) {
    let mut kills = 0_u64;
    loop {
        let mut child = place.spawn(|| spawn(&place, "many"));
        std::thread::sleep(Duration::from_millis(15 + kills * 37 % 50));
        if kills == 12 || child.try_wait().unwrap().is_some() {
            assert_eq!(printed(&mut child, "("), "(200, 200, 200)");
            assert!(limits::ended(&mut child).success());
            break;
        }
        child.kill().unwrap();
        limits::ended(&mut child);
        kills += 1;
    }
    println!("killed {kills} times");
    assert!(kills >= 2, "the machine was too fast for this test to say anything");
    assert!(check_log(place.folder()) >= 200);
}

async fn an_edit_counts_once_and_a_reader_of_its_result_has_seen_the_truth(place: Place) {
    let mut child = spawn(&place, "two");
    printed(&mut child, "seen");
    // The result of the step that has seen the edit may or may not be recorded by then.
    std::thread::sleep(Duration::from_millis(20));
    child.kill().unwrap();
    limits::ended(&mut child);
    let mut child = spawn(&place, "two");
    assert_eq!(printed(&mut child, "("), "(1, 1, 1)");
    assert!(limits::ended(&mut child).success());
    check_log(place.folder());
}
