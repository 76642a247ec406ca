//! Mistakes of users, and files that cannot be read.

use crate::program::{Program, TEXTS};

fn refusal(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert_eq!(std::fs::read_dir(program.path()).unwrap().count(), 0, "nothing was created");
    let said = String::from_utf8(output.stderr).unwrap();
    let sentence = said.strip_prefix("ingest: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(sentence.lines().count(), 1, "{said}");
    sentence.trim_end().to_owned()
}

#[test]
fn a_folder_that_is_not_there() {
    let said = refusal(&Program::of("txets".as_ref()), &[]);
    assert_eq!(said, "txets is not a folder; start from the root of the repository, or name a folder of texts");
}

#[test]
fn a_second_folder() {
    let said = refusal(&Program::new(), &["here"]);
    assert_eq!(said, "unexpected argument \"here\"; `ingest --help` lists the options");
    assert!(TEXTS.ends_with("texts"));
}

#[test]
fn what_cannot_be_read_is_skipped_and_an_empty_folder_is_counted() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = Program::of(folder.path());
    assert_eq!(program.said(&[]).report, "0 files, 0 words, 0 different ones\nmost frequent: none");
    std::fs::write(folder.path().join("a.md"), "tea, tea and more tea").unwrap();
    std::fs::write(folder.path().join("b.pdf"), "tea").unwrap();
    std::fs::create_dir(folder.path().join("drawer.txt")).unwrap();
    let said = Program::of(folder.path()).said(&[]);
    let expected = "1 file, 5 words, 3 different ones\nmost frequent: more (1)\nskipped drawer.txt: it cannot be read";
    assert_eq!(said.report, expected);
    assert!(said.way.iter().any(|line| line.contains("step_give_up -->|\"Skipped\"| step_report")), "{:?}", said.way);
}
