//! A workflow's handle works only in the body that it belongs to.

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use steadfast::prelude::*;
use steadfast::{ParkCause, Status, StreamWriter};

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
