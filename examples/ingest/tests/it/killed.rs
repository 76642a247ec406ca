//! Kills the program at any moment and starts it again: its report is that of an undisturbed start.

use crate::program::{Program, Said};
use std::time::Duration;
use steadfast::{Engine, RunFilter};

const REPORT: &str = "\
9 files, 487 words, 245 different ones
most frequent: ship (7), that (7), with (5), anchor (4), from (3)";

fn undisturbed() -> Said {
    let said = Program::new().said(&["--yes"]);
    assert_eq!(said.report, REPORT);
    for line in ["step_list -->|\"File ×9\"| step_read", "ask_step_Doubtful -->|\"answer ×2\"| step_decide"] {
        assert!(said.way.iter().any(|way| way.trim() == line), "{:?}", said.way);
    }
    said
}

#[test]
fn killed_once_at_any_moment() {
    let expected = undisturbed();
    for millis in [0, 10, 25, 45, 60, 80, 105, 130, 150, 175] {
        let program = Program::new();
        let mut running = program.spawn(&["--yes"]);
        running.hear("counting ");
        std::thread::sleep(Duration::from_millis(millis));
        running.kill();
        assert_eq!(program.said(&["--yes"]), expected, "killed after {millis} ms");
    }
}

#[tokio::test]
async fn killed_again_and_again() {
    let program = Program::new();
    for millis in [1, 30, 55, 35, 70, 50] {
        let mut running = program.spawn(&["--yes"]);
        running.hear("/texts");
        std::thread::sleep(Duration::from_millis(millis));
        running.kill();
    }
    assert_eq!(program.said(&["--yes"]), undisturbed());
    assert_eq!(program.said(&["--drop"]), undisturbed(), "nothing is left to be done");
    // Each word was counted once, however many attempts there were.
    let engine = Engine::builder().sqlite(program.path().join("ingest.db")).start().await.unwrap();
    let runs = engine.list(RunFilter::all()).await.unwrap();
    assert_eq!(runs.len(), 1);
    let run = engine.run(&runs[0].id).await.unwrap();
    let counts = run.state_at::<ingest::Counts>(u64::MAX).await.unwrap().unwrap();
    assert_eq!((counts.words, counts.times.values().sum::<u64>(), counts.times.len()), (487, 487, 245));
}
