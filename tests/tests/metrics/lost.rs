//! Commits whose answers are lost, and commits that are not done, are counted as the database has them.

use crate::faulty::{Hooked, failure};
use crate::page::{attempts, count, ended, recorder, started, steps};
use limits::{Soon as _, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store as _};
use steadfast::{Overlap, Schedule};

#[step]
async fn doubles(n: u64) -> Result<u64> {
    Ok(2 * n)
}

#[workflow]
async fn unsure_child(flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(doubles(flow, n).await?)
}

#[workflow]
async fn unsure(flow: &mut Flow, n: u64) -> Result<u64> {
    let mut sum = 0;
    for _ in 0..3 {
        sum += doubles(flow, n).await? + flow.start(unsure_child, n).await.await?;
    }
    Ok(sum)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_durable_is_counted_once_though_answers_are_lost() {
    const RUNS: u64 = 20;
    recorder();
    let appends = Arc::new(AtomicUsize::new(0));
    // The answer to every fifth append is lost, and every seventh is not written.
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        if !writes.iter().any(|write| matches!(write, Write::Append(_))) {
            return store.commit(writes);
        }
        let append = appends.fetch_add(1, Ordering::SeqCst);
        if append % 7 == 6 {
            return Err(failure());
        }
        let answers = store.commit(writes)?;
        if append % 5 == 4 { Err(failure()) } else { Ok(answers) }
    });
    let builder = Engine::builder().store(store).max_loads(1_000).workflow(unsure).workflow(unsure_child);
    let engine = builder.start().await.unwrap();
    for n in 0..RUNS {
        assert_eq!(engine.start(unsure, n).await.unwrap().result().soon().await.unwrap(), 12 * n);
    }
    assert_eq!((started("unsure"), ended("unsure", "completed")), (RUNS, RUNS));
    assert_eq!((started("unsure_child"), ended("unsure_child", "completed")), (3 * RUNS, 3 * RUNS));
    for workflow in ["unsure", "unsure_child"] {
        assert_eq!(steps(workflow, "doubles", "completed"), 3 * RUNS, "{workflow}");
        assert_eq!(attempts(workflow, "doubles", "completed"), 3 * RUNS, "{workflow}");
    }
    assert!(count("steadfast_store_errors_total", &[r#"operation="commit""#, r#"kind="io""#]) > 10);
}

#[workflow]
async fn fired_unsure(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[tokio::test]
async fn a_run_of_a_schedule_is_counted_though_the_answer_is_lost() {
    recorder();
    let fires = Arc::new(AtomicUsize::new(0));
    // The answer to every second firing is lost.
    let store = Hooked::new(MemoryStore::new(), move |store, writes| {
        let is_fire = writes.iter().any(|write| matches!(write, Write::Fire(_)));
        let answers = store.commit(writes)?;
        if is_fire && fires.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { Err(failure()) } else { Ok(answers) }
    });
    let often = Schedule::every(Duration::from_millis(50)).overlap(Overlap::Allow).limit(6);
    let builder = Engine::builder().store(store).max_loads(1_000).workflow(fired_unsure);
    let engine = builder.schedule("unsure", often, fired_unsure, ()).start().await.unwrap();
    until(async || ended("fired_unsure", "completed") == 6 && started("fired_unsure") >= 6).await;
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    assert_eq!(started("fired_unsure"), 6);
}
