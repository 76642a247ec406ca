//! A run on the console, as another program shows it.

use std::process::{Command, Stdio};

#[test]
fn where_there_is_no_terminal_plain_lines_say_what_changed() {
    let watched = limits::output(Command::new(env!("CARGO_BIN_EXE_watched")).stdin(Stdio::null()));
    let said = String::from_utf8(watched.stderr).unwrap();
    assert!(watched.status.success(), "{said}");
    assert_eq!(String::from_utf8(watched.stdout).unwrap(), "counted\n");
    assert!(!said.contains('\u{1b}'), "{said:?}");
    let lines: Vec<&str> = said.lines().collect();
    let line = |expected: &str| {
        let found = lines.iter().position(|line| *line == expected);
        found.unwrap_or_else(|| panic!("{expected:?} in {said}"))
    };
    assert!(line("Count run-1: running") < line("  count: 3 done, 1 repeated"));
    assert!(
        line("count (call 4): attempt 1 failed and is repeated: page  [2J2 is stuck") < line("Count run-1: completed")
    );
    assert!(line("  waits for event `Released`") < line("  finish: 1 done"));
    for line in &lines {
        assert_eq!(lines.iter().filter(|other| *other == line).count(), 1, "nothing is said twice: {said}");
    }
}
