//! Mistakes of users: one clear sentence answers each.

use crate::program::Program;

#[test]
fn each_is_named() {
    let program = Program::on_a_file();
    for (arguments, expected) in [
        (&["index", "txets"][..], "txets is not a folder; start from the root of the repository"),
        (&["search", "bread"], "no tenant is indexed yet; `embeddings index` does it"),
        (&["limit", "total", "0"], "queue `embed`: with a limit of 0 nothing of it would ever start"),
        (&["nightly", "0 25 * * *", "."], "schedule `nightly`: the cron text `0 25 * * *`: `25` is no hour"),
        (&["limits"], "expected a command, found `limits`"),
    ] {
        let output = program.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with(&format!("embeddings: {expected}")) && said.lines().count() == 1, "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_texts_of_the_example_are_those_of_three_tenants() {
    let program = Program::on_a_file();
    let _worker = program.worker("0");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/texts");
    assert_eq!(program.said(&["index", folder]), "bakery: 3 texts\nharbour: 4 texts\nmuseum: 9 texts\n");
    let found = program.said(&["search", "bread weighed on scales in the market"]);
    assert!(found.contains("museum, 9 texts: scales.txt "), "{found}");
}
