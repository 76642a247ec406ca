//! Late results of steps that ignore their cancellation: they change nothing.

use super::{is, soon};
use std::sync::{Condvar, Mutex};
use std::time::Duration;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{Pause, SessionPolicy, Status};

/// The number of attempts that have begun, and the number that may end.
static GATE: (Mutex<(u32, u32)>, Condvar) = (Mutex::new((0, 0)), Condvar::new());

#[step(blocking)]
fn stubborn() -> Result<u32> {
    let (gate, changed) = &GATE;
    let mut state = gate.lock().unwrap();
    state.0 += 1;
    let own = state.0;
    changed.notify_all();
    let (state, waited) = changed.wait_timeout_while(state, super::LONG, |(_, may_end)| *may_end < own).unwrap();
    drop(state);
    assert!(!waited.timed_out(), "attempt {own} was not let go");
    Ok(own)
}

/// Puts something into the session, so that the run stays in memory while it is paused.
#[step]
async fn settle(session: &Session) -> Result<u32> {
    Ok(*session.get_or_insert_with(|| 1))
}

#[workflow]
async fn one_step(flow: &mut Flow) -> Result<u32> {
    settle(&*flow).await?;
    Ok(stubborn(&*flow).await?)
}

async fn attempts_begun(count: u32) {
    soon("an attempt", async {
        while GATE.0.lock().unwrap().0 < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

fn let_go(count: u32) {
    GATE.0.lock().unwrap().1 = count;
    GATE.1.notify_all();
}

/// Tests an abandoned attempt of an active run. Its attempt is still the last one recorded, so only the list of awaited
/// attempts shows that its result is not awaited.
#[tokio::test(flavor = "multi_thread")]
async fn the_late_result_of_an_abandoned_attempt_is_not_recorded() {
    let builder = Engine::builder().in_memory().workflow(one_step).session_policy(SessionPolicy::Keep);
    let engine = builder.start().await.unwrap();
    let run = engine.start(one_step, ()).id("r").await.unwrap();
    attempts_begun(1).await;
    run.pause(Pause::Abandon).await.unwrap();
    is(&engine, "r", Status::Paused).await;
    let paused = run.history().await.unwrap().len();
    let_go(1);
    // Checks until well after the attempt has ended, because no event shows that its result was dropped.
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(run.history().await.unwrap().len(), paused, "{:?}", run.history().await.unwrap());
    }
    run.resume().await.unwrap();
    attempts_begun(2).await;
    let_go(2);
    assert_eq!(soon("the result", run.result()).await.unwrap(), 2, "the attempt that counts is the second");
    let history = run.history().await.unwrap();
    let completed = history.iter().filter(|entry| entry.kind == Kind::StepCompleted);
    assert_eq!(completed.map(|entry| entry.attempt).collect::<Vec<_>>(), [Some(1), Some(2)]);
}
