//! Mistakes of users: one clear sentence answers each, and no file is created.

use crate::program::{Program, TEXTS};

fn refusal(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert_eq!(std::fs::read_dir(program.path("")).unwrap().count(), 0, "nothing was created");
    let said = String::from_utf8(output.stderr).unwrap();
    let sentence = said.strip_prefix("documents: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(sentence.lines().count(), 1, "{said}");
    sentence.trim_end().to_owned()
}

#[test]
fn a_folder_that_is_not_there() {
    let said = refusal(&Program::of("txets".into()), &[]);
    assert_eq!(said, "txets is not a folder; start from the root of the repository, or name a folder of texts");
}

#[test]
fn a_database_that_is_not_there() {
    for task in ["check", "history"] {
        let said = refusal(&Program::new(), &[task]);
        assert_eq!(said, "documents.db does not exist; index a folder first, or name it with --database");
    }
}

#[test]
fn a_second_folder() {
    let said = refusal(&Program::new(), &["here"]);
    assert_eq!(said, format!("unexpected argument \"{TEXTS}\"; `documents --help` lists the options"));
}
