//! Bodies that cannot be replayed (case N5), and bodies that panic: parked with a clear reason, and fixed later.

use crate::changed_code::first;
use crate::flows::{Tally, deed};
use crate::runs::wait_for;
use limits::Soon as _;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{ParkCause, RunError, Status};

#[workflow]
pub(crate) async fn foreign_sleep(flow: &mut Flow, (n, foreign): (u64, bool)) -> Result<u64> {
    let sum = first(flow, n, 1).await?;
    if foreign {
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        std::mem::forget(tell);
        let _ = told.await;
    }
    Ok(sum)
}

#[tokio::test]
async fn awaiting_something_foreign_is_told_by_name_of_the_workflow() {
    let engine = Engine::builder().in_memory().workflow(foreign_sleep).workflow(foreign_wake).start().await.unwrap();
    let run = engine.start(foreign_sleep, (1, true)).id("stuck").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it should be parked") };
    assert_eq!(reason.cause, ParkCause::ForeignAwait);
    assert!(reason.to_string().contains("`foreign_sleep`"), "{reason}");
    // The step's result is kept, although the rest of its turn was not.
    assert_eq!(run.status().await.unwrap().entries, 3);

    let run = engine.start(foreign_wake, Tally::new("foreign").name().to_owned()).await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it should be parked") };
    assert_eq!(reason.cause, ParkCause::ForeignAwait);
    assert!(reason.to_string().contains("`foreign_wake`"), "{reason}");
}

/// Records that the first turn is over, then never ends.
#[step]
async fn signal(tally: String) -> Result<()> {
    deed(&tally, "first turn over");
    std::future::pending().await
}

/// Spawns a thread, hidden from the macro.
fn wake_from_outside(here: Tally, tell: tokio::sync::oneshot::Sender<u64>) -> std::io::Result<()> {
    std::thread::Builder::new().spawn(move || {
        while here.count("first turn over") == 0 {
            std::thread::yield_now();
        }
        tell.send(1)
    })?;
    Ok(())
}

/// Waits for a step and for a task that the engine does not own.
#[workflow]
async fn foreign_wake(flow: &mut Flow, tally: String) -> Result<u64> {
    let (tell, told) = tokio::sync::oneshot::channel::<u64>();
    wake_from_outside(Tally::named(&tally), tell)?;
    let (held, told) = join!(signal(flow, tally), told);
    held?;
    Ok(told?)
}

#[workflow]
async fn panics(flow: &mut Flow, n: u64) -> Result<u64> {
    let sum = first(flow, n, 1).await?;
    TRIES.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    assert!(MENDED.load(std::sync::atomic::Ordering::SeqCst), "the workflow itself is broken");
    Ok(sum)
}

static TRIES: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
static MENDED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[tokio::test]
async fn a_panic_of_a_body_parks_its_run_and_keeps_the_result_that_it_panicked_over() {
    let engine = Engine::builder().in_memory().workflow(panics).start().await.unwrap();
    let run = engine.start(panics, 1).id("broken").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it should be parked") };
    assert_eq!(reason.cause, ParkCause::Panicked);
    assert!(reason.to_string().contains("the workflow itself is broken"), "{reason}");
    // A retry panics and parks the run again, and can be repeated.
    engine.retry("broken").await.unwrap();
    limits::until(async || TRIES.load(std::sync::atomic::Ordering::SeqCst) >= 2).await;
    wait_for(&run, Status::Parked).await;
    MENDED.store(true, std::sync::atomic::Ordering::SeqCst);
    // The engine tries parked runs by itself when it starts, so this one may have ended already.
    let _ = engine.retry("broken").await;
    for _ in 0..4_000 {
        if run.status().await.unwrap().status == Status::Completed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(run.result().soon().await.unwrap(), 2);
    let steps = run.history().await.unwrap();
    assert_eq!(steps.iter().filter(|entry| entry.kind == Kind::StepStarted).count(), 1);
}
