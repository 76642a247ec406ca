//! Streams, with every fault at every commit; and patches.

use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

/// Writes half of its items, fails, and writes them all in the next attempt.
#[step(retry(attempts = 3, backoff = "1s", jitter = 0.0))]
async fn chatty(scope: &StepScope, items: u32) -> Result<u32> {
    let stream = steadfast::stream::<u32>("items");
    for n in 0..items {
        stream.write(&n).await?;
        if n == items / 2 && scope.attempt == 1 {
            return Err(Error::msg("half-way"));
        }
    }
    Ok(items)
}

#[workflow]
async fn talks(flow: &mut Flow, items: u32) -> Result<u32> {
    flow.publish("phase", &"begun".to_owned());
    let spoken = chatty(&*flow, items).await?;
    flow.publish("phase", &"spoken".to_owned());
    flow.stream("items").write(&u32::MAX);
    flow.stream::<u32>("items").close();
    Ok(spoken)
}

#[tokio::test]
async fn a_step_that_writes_to_a_stream_and_is_tried_again() {
    let report = crash_everywhere(talks, 4).orders(2).pause_at_each_commit().cancel_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
    assert!(report.cancelled > 0, "{report:?}");
}

#[workflow]
async fn talk_at_once(flow: &mut Flow) -> Result<u32> {
    let flow = &*flow;
    let (a, b) = try_join!(async { chatty(flow, 3).await }, async { chatty(flow, 2).await })?;
    Ok(a + b)
}

#[tokio::test]
async fn steps_that_write_to_one_stream_at_once() {
    let report = crash_everywhere(talk_at_once, ()).orders(2).await;
    assert_eq!(report.results, 1, "{report:?}");
}

/// Writes to a stream without waiting for the first write.
#[step]
async fn hasty() -> Result<()> {
    let stream = steadfast::stream::<u32>("hasty");
    drop(stream.write(&1));
    stream.write(&2).await
}

#[workflow]
async fn patches(flow: &mut Flow) -> Result<u32> {
    hasty(&*flow).await?;
    let new = flow.patched("more");
    flow.sleep(Duration::from_secs(1)).await?;
    if new {
        hasty(&*flow).await?;
    }
    Ok(u32::from(new) + u32::from(flow.patched("more")))
}

#[tokio::test]
async fn the_way_of_a_patch_is_kept() {
    let report = crash_everywhere(patches, ()).pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}
