//! The workflow with every fault at every commit.

use http_service::{Approval, Bank, MayCharge, Order, fulfil};
use std::time::Duration;
use steadfast::testing::crash_everywhere;

#[tokio::test]
async fn every_fault_at_every_commit_leaves_the_same_receipt() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let bank = Bank::new(folder.path().join("bank"), Duration::ZERO).unwrap();
    for cents in [4_200, 4_200_000] {
        let report = crash_everywhere(fulfil, Order { cents })
            .resource(bank.clone())
            .answer::<MayCharge, Approval>(|_| Approval { by: "Ada".to_owned() })
            .await;
        assert_eq!(report.results, 1, "{cents} cents");
        assert!(report.scenarios > 5 * report.commits, "{report:?}");
    }
}
