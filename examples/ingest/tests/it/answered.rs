//! Tests with answers from a terminal.

use crate::program::Program;
use std::collections::BTreeSet;

const BOTH: [&str; 2] = ["empty.txt", "logbook.txt"];

fn verdict(file: &str) -> &'static str {
    if file == "logbook.txt" { "y" } else { "no" }
}

fn is_right(report: &str) {
    assert!(
        report.starts_with("8 files, 487 words, ") && report.ends_with("\nskipped empty.txt: it is empty"),
        "{report}"
    );
}

#[test]
fn doubtful_files_are_asked_about_until_there_is_an_answer() {
    let program = Program::new();
    let mut running = program.spawn(&[]);
    let mut asked = BTreeSet::new();
    let first = running.question();
    running.answer("perhaps");
    assert_eq!(running.question(), first, "that was no answer");
    running.answer(verdict(&first));
    asked.insert(first);
    let second = running.question();
    running.answer(verdict(&second));
    asked.insert(second);
    assert!(asked.iter().eq(BOTH), "{asked:?}");
    is_right(&running.said().report);
}

#[test]
fn an_open_question_is_asked_again_after_a_kill_and_an_answered_one_is_not() {
    let program = Program::new();
    let mut running = program.spawn(&[]);
    running.question();
    running.kill();
    let mut running = program.spawn(&[]);
    let first = running.question();
    running.answer(verdict(&first));
    let second = running.question();
    assert_ne!(first, second);
    running.kill();
    let mut running = program.spawn(&[]);
    assert_eq!(running.question(), second);
    running.answer(verdict(&second));
    is_right(&running.said().report);
}

#[test]
fn where_nobody_answers_what_is_doubtful_is_left_out() {
    let program = Program::new();
    let said = program.said(&[]);
    let skipped = "skipped empty.txt: it is empty\nskipped logbook.txt: 180 of its 401 bytes are no text";
    assert!(said.report.starts_with("7 files, 410 words, ") && said.report.ends_with(skipped), "{}", said.report);
    assert_eq!(Program::new().said(&["--drop"]), said);
}
