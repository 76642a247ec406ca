//! Mistakes of users: one clear sentence answers each, and nothing is damaged.

use crate::program::{ORDERS, Program};

/// Returns the error message of a failing command: one line.
fn refusal(program: &Program) -> String {
    let output = program.run();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let sentence = said.strip_prefix("orders: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(sentence.lines().count(), 1, "{said}");
    sentence.trim_end().to_owned()
}

fn files(program: &Program) -> Vec<String> {
    let entries = std::fs::read_dir(program.path("")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_that_is_not_there() {
    let program = Program::new(&["--file", "ordres.csv"]);
    let said = refusal(&program);
    assert!(said.starts_with("ordres.csv cannot be read: No such file"), "{said}");
    assert!(said.ends_with("name a file with --file"), "{said}");
    assert!(files(&program).is_empty());
}

#[test]
fn a_file_of_something_else() {
    let program = Program::new(&["--file", "notes.txt"]);
    std::fs::write(program.path("notes.txt"), "buy milk\n").unwrap();
    let said = refusal(&program);
    assert_eq!(said, "notes.txt:1: expected the line `id,customer,country,items,cents,card`, found `buy milk`");
    assert_eq!(files(&program), ["notes.txt"]);
}

#[test]
fn a_database_that_is_a_text() {
    let program = Program::new(&["--file", ORDERS, "--database", "notes.txt"]);
    std::fs::write(program.path("notes.txt"), "buy milk\n").unwrap();
    let said = refusal(&program);
    assert!(said.starts_with("notes.txt holds something that is not an SQLite database"), "{said}");
    assert_eq!(std::fs::read(program.path("notes.txt")).unwrap(), b"buy milk\n");
    assert_eq!(files(&program), ["notes.txt"]);
}

#[test]
fn a_ledger_that_is_a_text() {
    let program = Program::new(&["--file", ORDERS, "--ledger", "notes.txt"]);
    std::fs::write(program.path("notes.txt"), "buy milk\n").unwrap();
    let said = refusal(&program);
    assert!(said.starts_with("notes.txt:1: expected a line of a ledger"), "{said}");
    assert_eq!(std::fs::read(program.path("notes.txt")).unwrap(), b"buy milk\n");
}

#[test]
fn a_ledger_without_its_database() {
    let program = Program::new(&["--file", ORDERS, "--limit", "3"]);
    program.summary();
    std::fs::remove_file(program.path("orders.db")).unwrap();
    let said = refusal(&program);
    assert!(said.contains("do not belong together"), "{said}");
    assert!(said.contains("orders.db") && said.contains("orders.db-ledger.jsonl"), "{said}");
}

#[test]
fn an_option_that_does_not_exist() {
    let said = refusal(&Program::new(&["--databse", "x"]));
    assert_eq!(said, "invalid option '--databse'; `orders --help` lists the options");
}

#[test]
fn faulty_lines_are_named_and_the_others_go_on() {
    let program = Program::new(&["--file", "mine.csv"]);
    let lines = "id,customer,country,items,cents,card\n\
        1,Ada,DE,KB-101:1,4990,tok_1\n\
        2,Bob,DE,KB-101:1,4990\n\
        \n\
        1,Ada,DE,KB-101:1,4990,tok_1\n\
        3,\"Cem,DE,KB-101:1,4990,tok_3\n\
        4,Dora,FR,MS-220:2,4990,tok_4\r\n";
    std::fs::write(program.path("mine.csv"), lines).unwrap();
    let output = program.run();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    for line in [
        "mine.csv:3: expected 6 columns, found 5 in `2,Bob,DE,KB-101:1,4990`",
        "mine.csv:4: expected an order, found an empty line",
        "mine.csv:5: expected an id of its own, found 1 again, which line 2 has",
        "mine.csv:6: expected 6 columns, found 2 in `3,\"Cem,DE,KB-101:1,4990,tok_3`",
        "2 orders and 4 faulty lines in mine.csv",
    ] {
        assert!(said.contains(line), "{line} in\n{said}");
    }
    assert!(String::from_utf8(output.stdout).unwrap().contains("all orders   ┆      2 ┆"));
}

#[test]
fn a_line_that_was_changed_after_its_start() {
    let program = Program::new(&["--file", "mine.csv"]);
    let write = |cents| {
        let line = format!("id,customer,country,items,cents,card\n1,Ada,DE,KB-101:1,{cents},tok_1\n");
        std::fs::write(program.path("mine.csv"), line).unwrap();
    };
    write(4_990);
    let before = program.summary();
    write(1);
    let output = program.run();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), before);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("order 1: its line was changed after it was started"), "{said}");
}
