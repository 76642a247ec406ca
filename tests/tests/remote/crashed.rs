//! Remote steps with every fault at every commit, of the run's engine and of the one that runs its steps.

use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[derive(StepContext, Clone, Debug)]
struct Basket {
    owner: String,
    #[context(default)]
    weight: u64,
    #[context(default, store = "any")]
    note: Bytes,
}

#[step(queue = "far", retry(attempts = 3, backoff = "1s"))]
async fn weigh(basket: &Basket, scope: &StepScope, grams: u64) -> Result<u64> {
    assert_eq!((basket.owner.as_str(), basket.note.len() as u64), ("ada", basket.weight));
    if grams == 3 && scope.attempt == 1 {
        return Err(Error::msg("the scales jump"));
    }
    Ok(basket.weight + grams)
}

#[step(queue = "far", store = "any")]
async fn pack(weight: u64) -> Result<Bytes> {
    for grams in 0..weight {
        steadfast::stream("packed").write(&grams).await?;
    }
    Ok(Bytes::from(vec![7; usize::try_from(weight)?]))
}

#[step]
async fn near(weight: u64) -> Result<u64> {
    Ok(weight + 1)
}

#[workflow(context = Basket)]
async fn shopping(start: Start<Basket>) -> Result<u64> {
    let mut flow = start.with(Basket::builder().owner("ada".to_owned()).build()).await?;
    let weight = weigh(&flow, 2).await?;
    flow.update(|basket| basket.weight(weight).note(Bytes::from(vec![1; 2]))).await?;
    let (one, two) = try_join!(weigh(&flow, 3), near(&flow, 1))?;
    let packed = pack(&flow, one - two).await?;
    flow.sleep(Duration::from_mins(1)).await?;
    Ok(packed.len() as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_steps_survive_every_fault() {
    let report = crash_everywhere(shopping, ()).cancel_at_each_commit().pause_at_each_commit().await;
    println!("{report:?}");
    assert_eq!(report.results, 1);
    assert!(report.commits > 15, "{report:?}");
}

/// Drops the call of a remote step after a while, and calls another one.
#[workflow]
async fn impatient(flow: &mut Flow) -> Result<u64> {
    let mut slow = endless(flow);
    let mut limit = flow.sleep(Duration::from_secs(1));
    select_biased! {
        ended = slow => return Ok(ended?),
        _ = limit => {}
    }
    drop((slow, limit));
    Ok(pack(flow, 2).await?.len() as u64)
}

#[step(queue = "far")]
async fn endless() -> Result<u64> {
    std::future::pending().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_call_that_is_dropped_ends_nothing_else() {
    let report = crash_everywhere(impatient, ()).cancel_at_each_commit().await;
    println!("{report:?}");
    assert_eq!(report.results, 1);
}
