//! Colors, and what only a terminal gets.

use crate::filled::Filled;
use crate::tool::{command, on_terminal, piped, said, until_on_terminal};

const RED: &str = "\u{1b}[";

#[tokio::test(flavor = "multi_thread")]
async fn colors_are_for_terminals_that_want_them() {
    let filled = Filled::file().await;
    let of = |more: &[&'static str]| [&["--db", &filled.name, "runs"], more].concat();
    assert!(on_terminal(120, &[], &of(&[])).0.contains(RED));
    assert!(!on_terminal(120, &[("NO_COLOR", "1")], &of(&[])).0.contains(RED));
    assert!(!on_terminal(120, &[], &of(&["--color", "never"])).0.contains(RED));
    assert!(on_terminal(120, &[("NO_COLOR", "1")], &of(&["--color", "always"])).0.contains(RED));
    assert!(!on_terminal(120, &[("TERM", "dumb")], &of(&[])).0.contains(RED));
    assert!(!piped(&of(&[])).stdout.contains(RED));
    assert!(piped(&of(&["--color", "always"])).stdout.contains(RED));
    assert!(!piped(&of(&["--color", "always", "--json"])).stdout.contains(RED));
    assert!(said(command(&of(&[])).env("CLICOLOR_FORCE", "1")).stdout.contains(RED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_watched_replaces_the_one_before() {
    let filled = Filled::file().await;
    let clear = "\u{1b}[H\u{1b}[2J";
    let words = ["--db", &filled.name, "runs", "--watch", "1"];
    let text = until_on_terminal(80, &words, |text| text.matches(clear).count() > 2);
    let lists: Vec<_> = text.split(clear).collect();
    assert!(lists[0].is_empty() && lists[1].contains("order-1") && lists[2].contains("order-1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_width_is_too_small() {
    let filled = Filled::file().await;
    for columns in [1, 2, 5, 10, 20, 300] {
        for line in ["runs", "show order-1", "history order-1", "context order-1", "workers", "health"] {
            let words: Vec<&str> = ["--db", &filled.name].into_iter().chain(line.split(' ')).collect();
            let (text, code) = on_terminal(columns, &[], &words);
            assert!(code == 0 && !text.contains("panicked"), "{line} on {columns}: {text}");
        }
    }
}
