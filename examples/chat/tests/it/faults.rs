//! Tests one turn with every fault at every commit.

use chat::{SharedModel, Stub, turn};
use std::sync::Arc;
use steadfast::testing::crash_everywhere;

#[tokio::test]
async fn every_fault_at_every_commit_leaves_the_same_answer_and_the_same_conversation() {
    for said in ["add 2 and 3", "my name is Ada"] {
        let model: SharedModel = Arc::new(Stub::default());
        let report = crash_everywhere(turn, said.to_owned()).resource(model).await;
        assert_eq!(report.results, 1, "{said}");
        assert!(report.scenarios > 5 * report.commits, "{said}: {report:?}");
    }
}
