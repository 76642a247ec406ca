//! `top`: on a terminal with keys, and once in a pipe.

use crate::filled::{Filled, SECRET};
use crate::tool::{on_terminal, piped, pressed_on_terminal};

/// What gives a terminal its own screen back.
const LEAVES: &str = "\u{1b}[?1049l";

async fn lives(filled: &Filled) {
    let words = ["--db", &filled.name, "top", "--interval", "1"];
    let keys =
        [("unfinished runs", "f"), ("parked and failed runs", "f"), ("all runs", "h"), ("freeze and go on", "q")];
    let (text, code) = pressed_on_terminal(120, &words, &keys);
    assert!(code == 0 && text.contains(LEAVES), "{text}");
    for shown in ["order-1", "changed-1", "sleeping", "parked", "WORKER", "gpu"] {
        assert!(text.contains(shown), "{shown} is not shown: {text}");
    }
    assert!(!text.contains(SECRET), "{text}");
    // It draws again without a key.
    let keys = [("unfinished runs", ""), ("unfinished runs", " "), ("FROZEN", " "), ("unfinished runs", "\u{3}")];
    let (text, code) = pressed_on_terminal(120, &words, &keys);
    assert!(code == 0 && text.contains(LEAVES), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn top_lives_on_sqlite() {
    lives(&Filled::file().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn top_lives_on_postgres() {
    let Some(filled) = Filled::postgres().await else { return };
    lives(&filled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn top_fits_every_terminal() {
    let filled = Filled::file().await;
    for columns in [1, 5, 20, 40, 80, 300] {
        let words = ["--db", &filled.name, "top"];
        let (text, code) = pressed_on_terminal(columns, &words, &[("u", "j"), ("u", "\u{1b}[6~"), ("u", "q")]);
        assert!(code == 0 && !text.contains("panicked"), "{columns}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn top_is_written_once_in_a_pipe() {
    let filled = Filled::file().await;
    let plain = piped(&["--db", &filled.name, "top"]);
    assert_eq!(plain.code, Some(0), "{}", plain.stderr);
    for shown in ["status\truns", "id\thost", "name\twaiting", "order-1\t"] {
        assert!(plain.stdout.contains(shown), "{shown}: {}", plain.stdout);
    }
    let json = piped(&["--db", &filled.name, "top", "--json"]);
    let seen: serde_json::Value = serde_json::from_str(&json.stdout).expect("one object");
    assert!(seen["runs"].as_array().is_some_and(|runs| !runs.is_empty()) && seen["at"].is_u64(), "{seen}");
    assert!(seen["counts"].as_array().is_some_and(|counts| !counts.is_empty()), "{seen}");
    assert!(!plain.stdout.contains(SECRET) && !json.stdout.contains(SECRET));
}

#[test]
fn top_of_no_database_takes_no_screen() {
    let (text, code) = on_terminal(80, &[], &["--db", "/none.db", "top"]);
    assert!(code == 1 && text.contains("no such file") && !text.contains("\u{1b}[?1049h"), "{text}");
}
