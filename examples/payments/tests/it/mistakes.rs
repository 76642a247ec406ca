//! Mistakes of users: one clear sentence answers each, and nothing is damaged.

use crate::program::Program;

/// Returns the error message of a failing command: one line.
fn refusal(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let sentence = said.strip_prefix("payments: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(sentence.lines().count(), 1, "{said}");
    sentence.trim_end().to_owned()
}

#[test]
fn what_is_missing_or_makes_no_sense_is_named_and_leaves_nothing() {
    let program = Program::new();
    let help = "`payments --help` lists what there is";
    let number = |name, least, found| format!("{name} expects a whole number from {least} to 1000000, found `{found}`");
    for (arguments, expected) in [
        (&[][..], format!("expected one of `init`, `run`, `check`, found nothing; {help}")),
        (&["pay"], format!("expected one of `init`, `run`, `check`, found `pay`; {help}")),
        (&["run", "now"], format!("unexpected argument \"now\"; {help}")),
        (&["run", "--accounts", "3"], format!("--accounts does not belong to `run`; {help}")),
        (&["run", "--transfers"], format!("missing argument for option '--transfers'; {help}")),
        (&["run", "--transfers", "many"], number("--transfers", 0, "many")),
        (&["init", "--accounts", "1"], number("--accounts", 2, "1")),
        (&["init", "--cents", "-1"], number("--cents", 0, "-1")),
        (&["init", "--cents", "99999999999"], number("--cents", 0, "99999999999")),
    ] {
        assert_eq!(refusal(&program, arguments), expected, "{arguments:?}");
    }
    assert_eq!(std::fs::read_dir(program.path("")).unwrap().count(), 0, "nothing was created");
}

#[test]
fn accounts_that_are_not_there() {
    let program = Program::new();
    let sentence =
        "there are no accounts in payments.db; `payments init` makes them, and --database names another file";
    for task in ["run", "check"] {
        assert_eq!(refusal(&program, &[task]), sentence);
    }
    // An SQLite file without our tables.
    rusqlite::Connection::open(program.path("payments.db")).unwrap().execute("CREATE TABLE mine (x)", []).unwrap();
    assert_eq!(refusal(&program, &["check"]), sentence);
    let said = refusal(&program, &["run"]);
    assert!(said.contains("payments.db"), "{said}");
}

#[test]
fn accounts_that_are_there_already_stay_as_they_are() {
    let program = Program::new();
    program.said(&["init", "--cents", "7"]);
    let said = refusal(&program, &["init"]);
    assert_eq!(said, "payments.db has accounts already; remove the file, or name another one with --database");
    assert_eq!(program.number("SELECT sum(cents) FROM accounts"), 70);
}

#[test]
fn a_database_that_is_a_text() {
    let program = Program::new();
    std::fs::write(program.path("notes.txt"), "buy milk\n").unwrap();
    for task in ["init", "run", "check"] {
        let said = refusal(&program, &[task, "--database", "notes.txt"]);
        assert!(said.starts_with("notes.txt "), "{said}");
    }
    assert_eq!(std::fs::read(program.path("notes.txt")).unwrap(), b"buy milk\n");
}
