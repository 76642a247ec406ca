//! Cancellations are delivered, whatever happens to their caller, their answer or their engine.

use crate::faulty::{Hooked, failure};
use crate::runs::wait_for;
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store};
use steadfast::{RunError, Status};
use tokio::time::timeout;

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_secs(20);

#[workflow]
async fn sleeper(flow: &mut Flow, seconds: u64) -> Result<u64> {
    flow.sleep(Duration::from_secs(seconds)).await?;
    Ok(seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_arrives_although_its_caller_went_away_or_its_answer_was_lost() {
    for lose in [false, true] {
        let store = Hooked::new(MemoryStore::new(), move |store, writes| {
            let send = writes.iter().any(|write| matches!(write, Write::Send(_)));
            let answers = store.commit(writes);
            if send && lose {
                return Err(failure());
            }
            if send {
                std::thread::sleep(Duration::from_millis(100));
            }
            answers
        });
        let engine = Engine::builder().store(store).workflow(sleeper).start().await.unwrap();
        let run = engine.start(sleeper, 100_000).await.unwrap();
        wait_for(&run, Status::Sleeping).await;
        let answer = timeout(Duration::from_millis(20), run.cancel("x")).await;
        assert!(lose || answer.is_err(), "the caller goes away");
        let ended = timeout(LONG, run.result()).await.expect("the cancellation arrives");
        assert!(matches!(ended, Err(RunError::Cancelled { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_of_a_dead_engines_run_is_delivered_by_the_one_that_takes_over() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("takeover.db");
    let open = || async { Engine::builder().sqlite(&path).workflow(sleeper).start().await.unwrap() };
    let (left, right) = (open().await, open().await);
    let run = left.start(sleeper, 100_000).id("far").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    drop((run, left));
    let run = right.handle(sleeper, "far").await.unwrap();
    run.cancel("stop").await.unwrap();
    let ended = timeout(LONG, run.result()).await.expect("the cancellation arrives");
    assert!(matches!(ended, Err(RunError::Cancelled { .. })));
}
