//! The steps of `on_cancel`: all of them run, one after the other.

use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::{RunError, Status, history::Kind};

#[derive(StepContext, Clone)]
struct Hold {
    #[context(default)]
    seats: u32,
}

#[step]
async fn release(ctx: &Hold, reason: String) -> Result<String> {
    Ok(format!("{} seats, {reason}", ctx.seats))
}

#[step]
async fn refund(_reason: String) -> Result<()> {
    Err(Error::msg("the bank is closed"))
}

#[step]
async fn tell(reason: String) -> Result<String> {
    Ok(reason)
}

#[workflow(context = Hold, on_cancel = [release, refund, tell])]
async fn hold(flow: &mut Flow<Hold>) -> Result<()> {
    flow.update(|hold| hold.seats(2)).await?;
    flow.sleep(Duration::from_hours(1)).await?;
    Ok(())
}

#[tokio::test]
async fn all_steps_run_in_their_order_also_after_one_that_fails() {
    let engine = Engine::builder().in_memory().workflow(hold).start().await.unwrap();
    let run = engine.start(hold, ()).await.unwrap();
    crate::runs::wait_for(&run, Status::Sleeping).await;
    run.cancel("enough").await.unwrap();
    let ended = run.result().soon().await;
    assert!(matches!(&ended, Err(RunError::Cancelled { reason }) if reason == "enough"), "{ended:?}");
    let history = run.history().await.unwrap();
    let steps: Vec<_> = history
        .iter()
        .filter(|entry| matches!(entry.kind, Kind::StepStarted | Kind::StepCompleted | Kind::StepFailed))
        .map(ToString::to_string)
        .collect();
    println!("{steps:#?}");
    let order = [
        ("step_started", "release"),
        ("step_completed", "2 seats, enough"),
        ("step_started", "refund"),
        ("step_failed", "the bank is closed"),
        ("step_started", "tell"),
        ("step_completed", "enough"),
    ];
    assert_eq!(steps.len(), order.len());
    for (step, (kind, text)) in steps.iter().zip(order) {
        assert!(step.contains(kind) && step.contains(text), "{step} is not {kind} of {text}");
    }
}
