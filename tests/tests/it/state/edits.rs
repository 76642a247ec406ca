//! Edits are atomic and made once, whatever happens to the attempt that made them. Reading and calling within an edit
//! do not deadlock (cases E2 and E3).

use super::{Progress, nothing};
use limits::Soon as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineError, StateError};

/// Polls a future once, as code within a closure would have to.
fn now<F: Future>(future: F) -> F::Output {
    use std::task::{Context, Poll, Waker};
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Fails half-way through an edit, in the second of its three attempts by a panic.
#[step(retry(attempts = 3, backoff = "1ms"))]
async fn half(state: &State<Progress>, scope: &StepScope) -> Result<u64> {
    state.labelled("begun").edit(|s| s.chunks += 1).await?;
    let attempt = scope.attempt;
    let tried = state
        .try_edit(|s| {
            s.total += 100;
            s.names.push("half".into());
            assert!(attempt != 2, "in the middle of an edit");
            if attempt == 1 { Err("not yet") } else { Ok(s.total) }
        })
        .await?;
    tried.map_err(Error::msg)
}

#[workflow(state = Progress)]
async fn halves(flow: &Flow) -> Result<(u64, Vec<u64>)> {
    let total = half(flow).await?;
    let state = flow.state::<Progress>();
    Ok((total, vec![state.chunks, state.total, state.names.len() as u64]))
}

#[tokio::test]
async fn of_an_edit_that_fails_half_way_nothing_remains() {
    let engine = Engine::builder().in_memory().workflow(halves).start().await.unwrap();
    let run = engine.start(halves, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (100, vec![1, 100, 1]), "one edit of each, by whichever attempt");
    crash_everywhere(halves, ()).await;
}

static RAN: AtomicU32 = AtomicU32::new(0);

/// Edits, and then fails in its first attempt: the edits remain, and the next attempt gets their recorded results.
#[step(retry(attempts = 2, backoff = "1ms"))]
async fn stubborn(state: &State<Progress>, scope: &StepScope) -> Result<Vec<u64>> {
    let mut seen = Vec::new();
    for _ in 0..3 {
        let attempt = u64::from(scope.attempt);
        seen.push(
            state
                .edit(|s| {
                    RAN.fetch_add(1, Ordering::Relaxed);
                    s.total += 1;
                    10 * attempt + s.total
                })
                .await?,
        );
    }
    if scope.attempt == 1 { Err(Error::msg("after its edits")) } else { Ok(seen) }
}

#[workflow(state = Progress)]
async fn stubbornly(flow: &Flow) -> Result<(Vec<u64>, u64)> {
    let seen = stubborn(flow).await?;
    Ok((seen, flow.state::<Progress>().total))
}

#[tokio::test]
async fn a_later_attempt_gets_what_its_edits_gave_the_first_time() {
    let engine = Engine::builder().in_memory().workflow(stubbornly).start().await.unwrap();
    let run = engine.start(stubbornly, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (vec![11, 12, 13], 3));
    assert_eq!(RAN.load(Ordering::Relaxed), 3, "no closure ran again");
    let edits = run.state_history().await.unwrap();
    assert_eq!(edits.entries().iter().filter(|entry| entry.attempt == Some(1)).count(), 3);
}

/// Edits, and then exceeds its time limit in its first attempt.
#[step(retry(attempts = 2, backoff = "1ms"), timeout = "60ms")]
async fn slow(state: &State<Progress>, scope: &StepScope) -> Result<u64> {
    let seen = state
        .edit(|s| {
            s.total += 1;
            s.total
        })
        .await?;
    if scope.attempt == 1 {
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    Ok(seen)
}

#[workflow(state = Progress)]
async fn slowly(flow: &Flow) -> Result<(u64, u64)> {
    let seen = slow(flow).await?;
    Ok((seen, flow.state::<Progress>().total))
}

#[tokio::test]
async fn an_edit_of_an_attempt_that_took_too_long_stays() {
    let engine = Engine::builder().in_memory().workflow(slowly).start().await.unwrap();
    assert_eq!(engine.start(slowly, ()).await.unwrap().result().soon().await.unwrap(), (1, 1));
}

#[tokio::test]
async fn reading_within_an_edit_gives_the_state_before_it() {
    let state = State::for_tests(nothing());
    let edit = state.edit(|s| {
        s.total = 7;
        now(state.read()).unwrap().total
    });
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), edit).await.unwrap().unwrap(), 0);
    assert_eq!(state.read().await.unwrap().total, 7);
}

#[tokio::test]
async fn an_edit_within_an_edit_is_an_error_and_no_deadlock() {
    let state = State::for_tests(nothing());
    let before = state.edit(|s| s.total += 1);
    let edit = state.edit(|s| {
        s.total += 10;
        let inner = [now(state.edit(|s| s.total += 100)), now(before), now(state.set("key", &1))];
        inner.map(|inner| inner == Err(StateError::WithinEdit))
    });
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), edit).await.unwrap().unwrap(), [true; 3]);
    assert_eq!(state.read().await.unwrap().total, 10, "only the outer one was made");
}

static ENGINE: OnceLock<Engine> = OnceLock::new();

#[step]
async fn call_within(state: &State<Progress>) -> Result<String> {
    let engine = ENGINE.get().expect("started");
    let said = state
        .edit(|s| {
            s.total += 1;
            match now(async { engine.run("nobody").await }) {
                Err(EngineError::WithinEdit) => "within an edit".to_owned(),
                other => format!("{:?}", other.map(|run| run.id().to_owned())),
            }
        })
        .await?;
    Ok(said)
}

#[workflow(state = Progress)]
async fn calling(flow: &Flow) -> Result<String> {
    Ok(call_within(flow).await?)
}

#[tokio::test]
async fn the_engine_cannot_be_waited_for_within_an_edit() {
    let engine = Engine::builder().in_memory().workflow(calling).start().await.unwrap();
    let engine = ENGINE.get_or_init(|| engine);
    assert_eq!(engine.start(calling, ()).await.unwrap().result().soon().await.unwrap(), "within an edit");
}

/// Tests that a panic in one closure does not poison the lock for the next.
#[tokio::test]
async fn a_closure_that_panics_leaves_the_state_as_it_was() {
    let state = std::sync::Arc::new(State::for_tests(nothing()));
    let panicking = state.clone();
    let edit = tokio::spawn(async move {
        panicking
            .edit(|s| {
                s.total = 5;
                assert_eq!(s.total, 6, "half-way");
            })
            .await
    });
    assert!(edit.await.unwrap_err().is_panic());
    assert_eq!(state.read().await.unwrap().total, 0);
    state.edit(|s| s.total += 1).await.unwrap();
    assert_eq!(state.read().await.unwrap().total, 1);
}

#[step]
async fn branches(state: &State<Progress>) -> Result<()> {
    let add = |n: u64| state.labelled("branch").edit(move |s| s.total += n);
    let (left, right) = join!(add(1), add(2));
    left?;
    right?;
    // An edit that is never awaited is never made.
    drop(add(100));
    Ok(())
}

#[workflow(state = Progress)]
async fn branching(flow: &Flow) -> Result<u64> {
    try_join!(branches(flow), branches(flow))?;
    Ok(flow.state::<Progress>().total)
}

#[tokio::test]
async fn branches_of_a_step_edit_at_the_same_time() {
    let engine = Engine::builder().in_memory().workflow(branching).start().await.unwrap();
    assert_eq!(engine.start(branching, ()).await.unwrap().result().soon().await.unwrap(), 6);
    assert_eq!(crash_everywhere(branching, ()).await.results, 1);
}
