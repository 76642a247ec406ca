//! Kills the program at any moment and starts it again: its result is that of an undisturbed start.

use crate::program::Program;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use steadfast::field_store::FolderStore;
use steadfast::history::Kind;
use steadfast::{Engine, RunFilter};

/// Returns the summary of a finished folder, without the lines that differ from start to start: progress and times.
fn summary(said: &str) -> String {
    let summary = said.lines().skip_while(|line| !line.contains(" texts, ")).take_while(|line| !line.is_empty());
    summary.collect::<Vec<_>>().join("\n")
}

fn openings<'a>(said: impl IntoIterator<Item = &'a str>) -> usize {
    said.into_iter().filter(|line| line.starts_with("opened ")).count()
}

/// Returns how often each step was completed.
async fn finished(engine: &Engine, run: &str) -> BTreeMap<String, usize> {
    let history = engine.run(run).await.unwrap().history().await.unwrap();
    let of_kind = |kind| history.iter().filter(move |entry| entry.kind == kind);
    let mut finished = BTreeMap::new();
    for step in of_kind(Kind::StepStarted) {
        let times = of_kind(Kind::StepCompleted).filter(|end| end.position == step.position).count();
        *finished.entry(step.name.clone().unwrap()).or_default() += times;
    }
    finished
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { usize::from(path.extension().is_none()) }).sum()
}

#[tokio::test]
async fn killed_after_several_texts_it_ends_with_the_same_summary_and_each_text_indexed_once() {
    let undisturbed = Program::new();
    let said = undisturbed.said(&[]);
    let expected = summary(&said);
    assert!(expected.starts_with("12 texts, 0 skipped, ") && expected.contains("stone: bridges.txt (3)"), "{said}");
    assert_eq!(openings(said.lines()), 1);
    assert!(said.contains("changed after step `enter`") && said.contains("bytes in store `blobs`> -> "), "{said}");

    let killed = Program::new();
    // Kills each process after `texts` texts and `millis` more milliseconds: within a step, or between two.
    for (texts, millis) in [(0, 3), (1, 0), (2, 22), (1, 45), (2, 12)] {
        let mut running = killed.spawn();
        running.hear("opened ", 1);
        running.hear(" of 12: ", texts);
        std::thread::sleep(Duration::from_millis(millis));
        let said = running.kill();
        assert_eq!(openings(said.iter().map(String::as_str)), 1, "one process, one connection: {said:?}");
        assert!(!said.iter().any(|line| line.contains(" texts, ")), "it ended before it was killed");
        assert_eq!(killed.said(&["check"]), "the one unfinished run can continue with this build\n");
    }
    let said = killed.said(&[]);
    assert_eq!(summary(&said), expected);
    assert_eq!(openings(said.lines()), 1);
    let again = killed.said(&[]);
    assert_eq!((summary(&again), openings(again.lines())), (expected, 0), "nothing is left to be done");

    let catalogue = rusqlite::Connection::open(killed.path("documents.db-catalogue")).unwrap();
    let count = "SELECT count(*), count(DISTINCT name) FROM documents";
    let rows = catalogue.query_row(count, [], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?)));
    assert_eq!(rows.unwrap(), (12, 12));

    let blobs = killed.path("documents.db-blobs");
    let engine = Engine::builder().sqlite(killed.path("documents.db"));
    let engine = engine.field_store("blobs", FolderStore::new(&blobs).unwrap()).start().await.unwrap();
    let run = engine.list(RunFilter::all()).await.unwrap().remove(0).id;
    let once = BTreeMap::from([("enter", 12), ("list", 1), ("read", 12)].map(|(step, times)| (step.to_owned(), times)));
    assert_eq!(finished(&engine, &run).await, once);
    let garbage = engine.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.skipped, garbage.failures.len()), (0, 0, 0));
    assert_eq!(files(&blobs), garbage.kept, "nothing lies in the folder that nothing points to");
}

#[test]
fn killed_after_the_last_text_it_has_only_to_say_so() {
    let program = Program::new();
    let mut running = program.spawn();
    running.hear("12 of 12: ", 1);
    running.kill();
    let said = program.said(&["--ask", "Honey", "--ask", "coffee"]);
    assert!(summary(&said).ends_with("honey: bees.txt (1)\ncoffee: nowhere"), "{said}");
}

#[test]
fn a_text_that_was_removed_while_the_program_was_dead_is_skipped() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (name, text) in [("a.txt", "# One\n\ntea"), ("b.md", "tea and salt"), ("c.txt", "tea"), ("d.pdf", "tea")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let program = Program::of(folder.path().to_owned()).slow();
    let mut running = program.spawn();
    running.hear("1 of 3: ", 1);
    running.kill();
    std::fs::remove_file(folder.path().join("c.txt")).unwrap();
    let said = program.said(&["--ask", "tea"]);
    assert_eq!(summary(&said), "2 texts, 1 skipped, 5 words, 4 different ones\ntea: a.txt (1), b.md (1)");
}

#[test]
fn a_history_can_be_read_in_the_middle_and_the_program_goes_on_after_it() {
    let program = Program::new().slow();
    let mut running = program.spawn();
    running.hear(" of 12: ", 5);
    running.kill();
    let history = program.said(&["history"]);
    assert!(history.contains("indexed  3 -> 4") && history.contains("\"Listing\" -> \"Reading\""), "{history}");
    assert!(!history.contains("\"Reading\" -> \"Done\""), "{history}");
    assert!(summary(&program.said(&[])).starts_with("12 texts, 0 skipped, "));
}
