//! `crash_everywhere` over workflows of every shape: sequences, joins, races, retries, sleeps, contexts, typed errors.

mod ends;
mod inbox;
mod long;
mod runs;
mod shown;

use crate::flows::{self, Tally, count_up, patient, racing, shop, stumbling, waking};
use steadfast::testing::crash_everywhere;

#[tokio::test]
async fn a_sequence_with_a_context_survives_every_fault() {
    let report = crash_everywhere(count_up, 4).await;
    assert_eq!(report.results, 1);
    assert!(report.commits >= 5, "{report:?}");
    // Its events have only one order.
    assert_eq!(report.scenarios, 1 + 8 * report.commits, "{report:?}");
}

#[tokio::test]
async fn concurrent_branches_of_several_steps_survive_every_fault() {
    let report = crash_everywhere(shop, "basket".to_owned()).orders(6).await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[tokio::test]
async fn retries_and_typed_errors_survive_every_fault() {
    let tally = Tally::new("stumbling");
    let report = crash_everywhere(stumbling, tally.name().to_owned()).await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[tokio::test]
async fn sleeps_survive_every_fault() {
    let report = crash_everywhere(patient, 3).await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[tokio::test]
async fn branches_that_wake_each_other_survive_every_fault() {
    let report = crash_everywhere(waking, 3).orders(6).await;
    assert!(report.results >= 1, "{report:?}");
}

#[tokio::test]
async fn races_with_dropped_losers_survive_every_fault() {
    let report = crash_everywhere(racing, 7).orders(6).await;
    assert!(report.results >= 1, "{report:?}");
}

#[tokio::test]
#[should_panic(expected = "parked in replay")]
async fn a_workflow_that_is_not_deterministic_is_found_out() {
    flows::FLIP.store(false, std::sync::atomic::Ordering::SeqCst);
    crash_everywhere(flows::flipping, 1).await;
}

#[tokio::test]
async fn a_stub_stands_in_for_a_step() {
    let report = crash_everywhere(count_up, 2).stub::<flows::add>(|(n,)| Ok(n + 100)).await;
    assert_eq!(report.results, 1);
}
