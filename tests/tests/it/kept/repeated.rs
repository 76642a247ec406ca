//! Idempotent calls, repeated after their run has ended.

use super::soon;
use crate::faulty::{Hooked, failure};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store};
use steadfast::{EngineError, Message, RunError, Status};

#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note(u64);

#[workflow]
async fn two_notes(flow: &mut Flow) -> Result<(u64, u64)> {
    let one = flow.receive::<Note>().await?;
    let two = flow.receive::<Note>().await?;
    Ok((one.0, two.0))
}

#[workflow]
async fn asks(flow: &mut Flow) -> Result<u64> {
    Ok(flow.request::<Note, Note>(Note(1)).await?.0)
}

#[workflow]
async fn waits(flow: &mut Flow) -> Result<u64> {
    Ok(flow.receive::<Note>().await?.0)
}

#[derive(Event)]
#[event(external)]
struct Signed {
    by: String,
}

struct Contract;

#[workflow]
impl Contract {
    #[step]
    async fn draft(text: Begin<String>) -> Result<Option<Stop<String>>> {
        Ok(text.is_empty().then(|| Stop("nothing to sign".to_owned())))
    }

    #[step]
    async fn conclude(signed: Signed) -> Result<Stop<String>> {
        Ok(Stop(signed.by))
    }
}

fn builder() -> steadfast::EngineBuilder {
    Engine::builder().workflow(two_notes).workflow(asks).workflow(waits).workflow(Contract)
}

#[tokio::test]
async fn a_keyed_send_arrived_also_if_its_run_has_ended_since() {
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(two_notes, ()).id("r").await.unwrap();
    engine.send("r", Note(1)).key("a").await.unwrap();
    engine.send("r", Note(2)).key("b").await.unwrap();
    assert_eq!(soon("the result", run.result()).await.unwrap(), (1, 2));
    for key in ["a", "b"] {
        engine.send("r", Note(9)).key(key).await.expect("it had arrived");
    }
    for fresh in [engine.send("r", Note(3)).key("c"), engine.send("r", Note(3))] {
        let refused = fresh.await.unwrap_err();
        assert!(matches!(refused, EngineError::WrongStatus { status: Status::Completed, .. }), "{refused}");
    }
}

/// Tests a send whose answer is lost after the commit. The run ends with that message before the send is repeated.
#[tokio::test(flavor = "multi_thread")]
async fn a_keyed_send_whose_answer_was_lost_says_that_it_arrived() {
    let lost = AtomicBool::new(false);
    let store = Hooked::new(MemoryStore::new(), move |store: &MemoryStore, writes: &[Write]| {
        let is_last =
            |write: &Write| matches!(write, Write::Send(item) if item.key.as_deref() == Some("message:Note:b"));
        let answers = store.commit(writes);
        if writes.iter().any(is_last) && !lost.swap(true, Ordering::SeqCst) { Err(failure()) } else { answers }
    });
    let engine = builder().store(store).start().await.unwrap();
    let run = engine.start(two_notes, ()).id("r").await.unwrap();
    engine.send("r", Note(1)).key("a").await.unwrap();
    // The call repeats the send, and by then the run has ended.
    soon("the answer", engine.send("r", Note(2)).key("b").into_future()).await.expect("it has arrived");
    assert_eq!(soon("the result", run.result()).await.unwrap(), (1, 2));
    let received = run.history().await.unwrap();
    assert_eq!(received.iter().filter(|entry| entry.kind == Kind::MessageReceived).count(), 2);
}

#[tokio::test]
async fn an_event_an_answer_and_a_start_are_repeated_after_the_end() {
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(Contract, "text".into()).id("deal").await.unwrap();
    let signed = || Signed { by: "Ada".into() };
    engine.emit("deal", signed()).key("k").await.unwrap();
    assert_eq!(soon("the contract", run.result()).await.unwrap(), "Ada");
    engine.emit("deal", signed()).key("k").await.expect("it had arrived");
    assert!(engine.emit("deal", signed()).key("other").await.is_err());

    let run = engine.start(asks, ()).id("asks").await.unwrap();
    let request = soon("the request", async {
        loop {
            if let Some(request) = engine.requests().await.unwrap().pop() {
                return request.id;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let request = request.await;
    engine.answer(&request, Note(5)).await.unwrap();
    assert_eq!(soon("the result", run.result()).await.unwrap(), 5);
    engine.answer(&request, Note(5)).await.expect("it is the same answer");
    assert!(matches!(engine.answer(&request, Note(6)).await, Err(EngineError::Answered { .. })));

    let again = engine.start(asks, ()).id("asks").deduplication_key("k").await.unwrap();
    assert!(!again.is_new());
    assert_eq!(again.result().soon().await.unwrap(), 5);
}

/// Tests that a cancellation, unlike a keyed message, is refused by a run that has ended.
#[tokio::test]
async fn a_run_that_has_ended_is_not_cancelled() {
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(waits, ()).id("r").await.unwrap();
    run.cancel("enough").await.unwrap();
    assert!(matches!(soon("the end", run.result()).await, Err(RunError::Cancelled { .. })));
    let again = run.cancel("enough").await.unwrap_err();
    assert!(matches!(again, EngineError::WrongStatus { status: Status::Cancelled, .. }), "{again}");
}
