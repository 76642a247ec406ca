//! The chapter of the guide: its commands are commands.

use crate::filled::Filled;
use crate::tool::{command, said};

#[tokio::test(flavor = "multi_thread")]
async fn each_command_of_the_chapter_is_understood() {
    let filled = Filled::file().await;
    let page = include_str!("../../../docs/src/command-line.md");
    let lines: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("steadfast ")).collect();
    assert!(lines.len() > 8, "{lines:?}");
    for line in lines {
        let line = line.split(" | ").next().expect("a command").replace("orders.db", &filled.name);
        // A list that is watched has no end.
        let line = line.replace("--watch 10", "").replace("--watch", "");
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = said(command(&words).env("STEADFAST_DB", &filled.name));
        let code = if line.contains("order-2") { 3 } else { 0 };
        assert_eq!(said.code, Some(code), "{line}: {}", said.stderr);
    }
}
