//! Many steps at once, each of which adds to the same numbers (case E1).

use super::Progress;
use futures_util::future::try_join_all;
use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[step]
async fn count(state: &State<Progress>, n: u64) -> Result<u64> {
    state.edit(|s| s.chunks += 1).await?;
    let seen = state
        .edit(|s| {
            s.total += n;
            s.total
        })
        .await?;
    let now = state.read().await?;
    if now.total < seen {
        return Err(Error::msg("the state went back"));
    }
    Ok(seen)
}

#[workflow(state = Progress)]
async fn sum(flow: &Flow, n: u64) -> Result<(u64, u64)> {
    try_join_all((0..n).map(|_| count(flow, 1))).await?;
    let state = flow.state::<Progress>();
    Ok((state.chunks, state.total))
}

#[tokio::test]
async fn twenty_steps_count_to_twenty() {
    let engine = Engine::builder().in_memory().workflow(sum).start().await.unwrap();
    let run = engine.start(sum, 20).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (20, 20));
}

#[tokio::test]
async fn a_thousand_edits_at_once() {
    let engine = Engine::builder().in_memory().workflow(sum).start().await.unwrap();
    let run = engine.start(sum, 500).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (500, 500));
}

#[tokio::test]
async fn three_steps_count_to_three_whatever_goes_wrong() {
    let report = crash_everywhere(sum, 3).await;
    assert_eq!(report.results, 1);
}
