//! Tests the workflow with every fault at every commit.

use ingest::{Doubtful, Ingest, Settings, Verdict};
use steadfast::testing::crash_everywhere;

#[tokio::test]
async fn every_fault_at_every_commit_leaves_the_same_report() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (name, text) in [("a.txt", "tea and salt\n\nsalt"), ("b.txt", ""), ("c.txt", "tea\u{1}")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::create_dir(folder.path().join("d.txt")).unwrap();
    let verdict = |doubtful: Doubtful| if doubtful.file == "b.txt" { Verdict::Drop } else { Verdict::Count };
    let folder = folder.path().to_str().unwrap().to_owned();
    let test = crash_everywhere(Ingest, folder).resource(Settings::default()).answer(verdict);
    let report = test.orders(2).await;
    assert_eq!(report.results, 1, "the order in which things happen is not to be seen in the result");
    assert!(report.scenarios > 5 * report.commits, "{report:?}");
}
