//! Kills the program within a turn, and between two.

use crate::program::Program;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

/// Says it in a process that is killed after `millis`.
fn killed(program: &Program, said: &str, millis: u64) {
    let mut child = program.spawn(&["say", said]);
    std::thread::sleep(Duration::from_millis(millis));
    child.kill().unwrap();
    limits::ended(&mut child);
}

#[test]
fn said_again_after_a_kill_it_is_said_once() {
    // A turn is two thoughts of 20 ms with a sum between them.
    for millis in [0, 5, 10, 16, 22, 28, 35, 42, 50, 60] {
        let program = Program::new();
        program.said(&["say", "my name is Ada"]);
        let before = program.bill().len();
        killed(&program, "add 2 and 40", millis);
        assert_eq!(program.said(&["say", "add 2 and 40"]), "That is 42.\n", "killed after {millis} ms");
        let history = program.said(&["history"]);
        let turns = history.matches("you: add 2 and 40").count();
        // After 40 ms the turn may have finished. Then the repeated message is another turn.
        assert!(turns == 1 || turns == 2 && millis >= 40, "killed after {millis} ms: {history}");
        let mut times = BTreeMap::<String, usize>::new();
        program.bill().into_iter().skip(before).for_each(|key| *times.entry(key).or_default() += 1);
        assert_eq!(times.len(), 2 * turns, "killed after {millis} ms: another attempt has the same key");
        assert!(times.values().sum::<usize>() <= 2 * turns + 1, "killed after {millis} ms: {times:?}");
    }
}

#[test]
fn another_text_after_a_kill_gets_the_first_answer_too() {
    let program = Program::new();
    let mut child = program.spawn(&["say", "add 2 and 40", "--pause-ms", "60000"]);
    limits::hold_until(|| !program.bill().is_empty());
    child.kill().unwrap();
    limits::ended(&mut child);
    let expected = "(to what was said before: That is 42.)\nThis is turn 2.\n";
    assert_eq!(program.said(&["say", "how many turns?"]), expected);
}

#[test]
fn killed_while_it_is_typed_to() {
    let program = Program::new();
    let mut child = program.spawn(&["--pause-ms", "60000"]);
    child.stdin.as_mut().unwrap().write_all(b"my name is Ada\n").unwrap();
    limits::hold_until(|| !program.bill().is_empty());
    child.kill().unwrap();
    limits::ended(&mut child);
    let expected = "(to what was said before: Nice to meet you, Ada.)\nYour name is Ada.\n";
    assert_eq!(program.typed("what is my name?"), expected);
}
