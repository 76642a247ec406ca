//! Mistakes of users: one clear sentence answers each, and nothing is damaged.

use crate::program::Program;

/// Returns the error message of a failing command: one line.
fn refusal(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let sentence = said.strip_prefix("approval: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(sentence.lines().count(), 1, "{said}");
    sentence.trim_end().to_owned()
}

#[test]
fn what_is_missing_or_makes_no_sense_is_named_and_leaves_nothing() {
    let program = Program::new();
    let start = |more: &[&'static str]| [&["start", "--by", "ada", "--cents", "5", "--for", "tea"][..], more].concat();
    let help = "`approval --help` lists what there is";
    for (arguments, expected) in [
        (
            vec![],
            format!("expected one of `start`, `work`, `list`, `approve`, `reject`, `history`, found nothing; {help}"),
        ),
        (
            vec!["aprove"],
            "expected one of `start`, `work`, `list`, `approve`, `reject`, `history`, found `aprove`; ".to_owned()
                + help,
        ),
        (vec!["start"], format!("`start` needs --by; {help}")),
        (vec!["start", "--by", "ada", "--for", "tea"], format!("`start` needs --cents; {help}")),
        (vec!["start", "--by", "ada", "--cents", "5"], format!("`start` needs --for; {help}")),
        (vec!["start", "--by", " ", "--cents", "5", "--for", "tea"], format!("`start` needs --by; {help}")),
        (start(&["--cents", "many"]), "--cents expects a whole number above 0, found `many`".to_owned()),
        (start(&["--cents", "-5"]), "--cents expects a whole number above 0, found `-5`".to_owned()),
        (start(&["--cents", "0"]), "--cents expects a whole number above 0, found `0`".to_owned()),
        (
            start(&["--cents", "99999999999999999999"]),
            "--cents expects a whole number above 0, found `99999999999999999999`".to_owned(),
        ),
        (start(&["--limit", "soon"]), "--limit expects a number and ms, s, m, h or d, found `soon`".to_owned()),
        (start(&["--limit", "3"]), "--limit expects a number and ms, s, m, h or d, found `3`".to_owned()),
        (start(&["--limit"]), format!("missing argument for option '--limit'; {help}")),
        (start(&["--because", "x"]), format!("--because does not belong to this task; {help}")),
        (start(&["now"]), format!("unexpected argument `now`; {help}")),
        (vec!["list", "--fast"], format!("invalid option '--fast'; {help}")),
        (vec!["approve"], format!("`approve` needs the id of a question, as `approval list` shows it; {help}")),
        (vec!["reject", "0123"], format!("`reject` needs --because; {help}")),
        (vec!["history"], format!("`history` needs the id of an expense; {help}")),
    ] {
        assert_eq!(refusal(&program, &arguments), expected, "{arguments:?}");
    }
    assert_eq!(std::fs::read_dir(program.path("")).unwrap().count(), 0, "nothing was created");
}

#[test]
fn a_database_that_is_not_there_or_is_a_text() {
    let program = Program::new();
    for task in [&["list"][..], &["approve", "x"], &["reject", "x", "--because", "y"], &["history", "x"]] {
        let said = refusal(&program, task);
        assert_eq!(said, "approval.db does not exist; start an expense first, or name it with --database");
    }
    std::fs::write(program.path("notes.txt"), "buy milk\n").unwrap();
    let said = refusal(&program, &["list", "--database", "notes.txt"]);
    assert!(said.starts_with("notes.txt holds something that is not an SQLite database"), "{said}");
    assert_eq!(std::fs::read(program.path("notes.txt")).unwrap(), b"buy milk\n");
}

#[test]
fn an_id_that_nothing_has() {
    let program = Program::new();
    let expense = program.start("2d");
    let said = refusal(&program, &["history", "tea-1"]);
    assert_eq!(said, "there is no expense tea-1; `approval list` names those that wait");
    // An expense and its question have different ids.
    for id in ["0123", &expense] {
        for task in [&["approve", id][..], &["reject", id, "--because", "no"]] {
            let said = refusal(&program, task);
            assert_eq!(said, format!("no question {id} waits for an answer; `approval list` shows those that do"));
        }
    }
    assert_eq!(program.questions().len(), 1);
}

#[test]
fn an_answer_that_comes_too_late() {
    let program = Program::new();
    program.start("2s");
    let question = program.questions().remove(0);
    let working = program.work(&[]);
    program.question_to_a_manager();
    working.kill();
    let said = refusal(&program, &["approve", &question]);
    assert_eq!(said, format!("no question {question} waits for an answer; `approval list` shows those that do"));
}
