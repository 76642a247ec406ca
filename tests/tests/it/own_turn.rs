//! A workflow's handle works only in the body that it belongs to.

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{ParkCause, RunError, Status, StreamWriter};

#[derive(StepContext, Clone)]
struct Count {
    #[context(default)]
    n: u64,
}

static MOVED: Mutex<Option<Flow<Count>>> = Mutex::new(None);
static WRITER: Mutex<Option<StreamWriter<u64>>> = Mutex::new(None);

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[step]
async fn write(n: u64) -> Result<u64> {
    Ok(n)
}

/// Moves its handle out.
#[workflow(context = Count)]
async fn moves(start: Start<Count>) -> Result<u64> {
    let mut flow = start.with(Count::builder().build()).await?;
    flow.update(|count| count.n(1)).await?;
    let n = flow.n;
    *MOVED.lock().unwrap() = Some(flow);
    Ok(n)
}

#[tokio::test]
async fn a_change_through_a_handle_that_was_moved_out_is_an_error() {
    let engine = Engine::builder().in_memory().workflow(moves).start().await.unwrap();
    let run = engine.start(moves, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 1);
    let mut flow = MOVED.lock().unwrap().take().expect("moved");
    let error = flow.update(|count| count.n(2)).soon().await.unwrap_err();
    assert!(error.to_string().contains("outside of its own turn"), "{error}");
    assert_eq!(flow.n, 1, "nothing has changed");
    let error = flow.set(Count::builder().n(3).build()).soon().await.unwrap_err();
    assert!(error.message.contains("moves"), "{error}");
}

/// Gives its writer to another task, and waits.
#[workflow]
async fn lends(flow: &mut Flow) -> Result<u64> {
    let writer = flow.stream::<u64>("numbers");
    writer.write(&1);
    *WRITER.lock().unwrap() = Some(writer);
    flow.receive::<Go>().await?;
    Ok(write(flow, 2).await?)
}

#[tokio::test]
async fn a_write_from_another_task_parks_the_run_and_is_not_recorded() {
    let engine = Engine::builder().in_memory().workflow(lends).start().await.unwrap();
    let run = engine.start(lends, ()).await.unwrap();
    limits::until(async || WRITER.lock().unwrap().is_some()).await;
    let writer = WRITER.lock().unwrap().take().expect("lent");
    writer.write(&7);
    run.send(Go).await.unwrap();
    let error = run.result().soon().await.unwrap_err().to_string();
    assert!(error.contains("outside of its own turn"), "{error}");
    let info = run.status().await.unwrap();
    assert_eq!((info.status, info.parked.map(|reason| reason.cause)), (Status::Parked, Some(ParkCause::OutsideTurn)));
    let mut numbers = run.stream::<u64>("numbers");
    assert_eq!(numbers.next().soon().await.unwrap(), Some((1, 1)));
    // The code is right the second time.
    engine.retry(run.id()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 2);
    assert_eq!(numbers.next().soon().await.unwrap(), None);
}

/// Publishes when it is dropped, as a guard of the user's may.
struct Says<'a>(&'a Flow);

impl Drop for Says<'_> {
    fn drop(&mut self) {
        self.0.publish("dropped", &1);
        let _ = self.0.random();
    }
}

#[step]
async fn tidy(reason: String) -> Result<String> {
    Ok(reason)
}

#[workflow(on_cancel = tidy)]
async fn guards(flow: &Flow) -> Result<u64> {
    let _says = Says(flow);
    flow.receive::<Go>().await?;
    Ok(1)
}

#[tokio::test]
async fn a_guard_that_uses_the_handle_when_the_body_is_dropped_does_no_harm() {
    let engine = Engine::builder().in_memory().workflow(guards).start().await.unwrap();
    let run = engine.start(guards, ()).await.unwrap();
    crate::runs::wait_for(&run, Status::Sleeping).await;
    run.cancel("enough").await.unwrap();
    let ended = run.result().soon().await;
    assert!(matches!(&ended, Err(RunError::Cancelled { reason }) if reason == "enough"), "{ended:?}");
}

fn on_another_thread(flow: &Flow) -> StepCall<'_, u64> {
    std::thread::scope(|scope| scope.spawn(|| write(flow, 1)).join()).expect("no panic")
}

/// Makes a call on another thread, and awaits it here.
#[workflow]
async fn elsewhere(flow: &Flow) -> Result<u64> {
    Ok(on_another_thread(flow).await?)
}

#[tokio::test]
async fn a_call_that_was_made_on_another_thread_is_not_recorded() {
    let engine = Engine::builder().in_memory().workflow(elsewhere).start().await.unwrap();
    let run = engine.start(elsewhere, ()).await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on") };
    assert_eq!(reason.cause, ParkCause::OutsideTurn);
    let history = run.history().await.unwrap();
    assert!(!history.iter().any(|entry| entry.kind == Kind::StepStarted), "{history:?}");
}
