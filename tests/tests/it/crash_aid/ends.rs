//! Runs that are cancelled, or whose deadline passes, with every fault at every commit.

use super::inbox::Stop;
use crate::flows::{Tally, deed};
use steadfast::Scope;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[derive(StepContext, Clone, Debug)]
struct Held {
    tally: String,
    #[context(default)]
    seats: u32,
}

#[step]
async fn release(ctx: &Held, reason: String) -> Result<()> {
    deed(&ctx.tally, &reason);
    tokio::task::yield_now().await;
    Ok(())
}

#[step]
async fn reserve(n: u32) -> Result<u32> {
    Ok(n)
}

#[workflow(context = Held, on_cancel = release)]
async fn holds(start: Start<Held>, (tally, waits): (String, bool)) -> Result<u32> {
    let mut flow = start.with(Held::builder().tally(tally).build()).await?;
    let seats = reserve(&flow, 3).await?;
    flow.update(|held| held.seats(seats)).await?;
    if waits {
        flow.receive::<Stop>().await?;
    }
    flow.sleep(Duration::from_secs(1)).await?;
    Ok(flow.seats)
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_does_what_it_does_on_such_an_end() {
    let tally = Tally::new("everywhere");
    let test = crash_everywhere(holds, (tally.name().to_owned(), true)).message(Stop);
    let report = test.cancel_at_each_commit().pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
    assert!(report.cancelled > report.commits, "{report:?}");
    let released = tally.count("enough");
    // Nothing is released before the context is set. A crash in the release repeats it.
    assert!(released > report.commits, "{released} of {report:?}");
}

#[tokio::test]
async fn a_run_whose_time_is_over() {
    let tally = Tally::new("deadline");
    let test = crash_everywhere(holds, (tally.name().to_owned(), true));
    let scope = Scope::new().time_limit(Duration::from_hours(1));
    let report = test.with(scope).cancel_at_each_commit().pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
    assert!(tally.count("the deadline was reached") > report.commits);
}
