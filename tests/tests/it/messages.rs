//! Messages and requests, from outside and between runs (case O11).

use futures_util::FutureExt;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{EngineError, Message, Status};

#[derive(Message, Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Approval {
    by: String,
}

#[derive(Message, Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Stop;

#[derive(Message, Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Review {
    document: String,
}

#[derive(Message, Serialize, Deserialize, Debug, PartialEq, Clone)]
enum Verdict {
    Good,
    Bad { because: String },
}

/// Collects approvals until it receives `Stop`.
#[workflow]
async fn collect(flow: &mut Flow) -> Result<Vec<String>> {
    let mut by = Vec::new();
    loop {
        futures_util::select_biased! {
            approval = flow.receive::<Approval>() => by.push(approval?.by),
            stop = flow.receive::<Stop>() => {
                stop?;
                while let Some(approval) = flow.try_receive::<Approval>() {
                    by.push(approval.by);
                }
                return Ok(by);
            }
        }
    }
}

#[workflow]
async fn one_or_none(flow: &mut Flow, millis: u64) -> Result<Option<String>> {
    let approval = flow.receive::<Approval>().within(Duration::from_millis(millis)).await?;
    Ok(approval.map(|approval| approval.by))
}

#[workflow]
async fn forward(flow: &mut Flow, to: String) -> Result<Vec<String>> {
    let mut outcomes = Vec::new();
    for n in 0..3 {
        outcomes.push(match flow.send(to.clone(), Approval { by: n.to_string() }).await {
            Ok(()) => "sent".to_owned(),
            Err(error) => error.to_string(),
        });
    }
    let _ = flow.send(to, Stop).await;
    Ok(outcomes)
}

#[workflow]
async fn review(flow: &mut Flow, document: String) -> Result<String> {
    let verdict: Verdict = flow.request(Review { document }).await?;
    Ok(format!("{verdict:?}"))
}

#[workflow]
async fn hurried(flow: &mut Flow, millis: u64) -> Result<Option<String>> {
    let request = flow.request::<Review, Verdict>(Review { document: "short".into() });
    let verdict = request.within(Duration::from_millis(millis)).await?;
    Ok(verdict.map(|verdict| format!("{verdict:?}")))
}

async fn engine() -> Engine {
    let builder = Engine::builder().in_memory().workflow(collect).workflow(one_or_none).workflow(forward);
    builder.workflow(review).workflow(hurried).start().await.unwrap()
}

fn named(by: impl std::fmt::Display) -> Approval {
    Approval { by: by.to_string() }
}

#[tokio::test]
async fn messages_come_in_order_each_once_also_before_anyone_waits() {
    let engine = engine().await;
    let run = engine.start(collect, ()).id("c").await.unwrap();
    for n in 0..100 {
        engine.send("c", named(n)).await.unwrap();
    }
    engine.send("c", named("k")).key("one").await.unwrap();
    engine.send("c", named("k")).key("one").await.unwrap();
    engine.send("c", Stop).await.unwrap();
    let mut expected: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    expected.push("k".into());
    assert_eq!(run.result().soon().await.unwrap(), expected);
    let error = engine.send("c", Stop).await.unwrap_err();
    assert!(matches!(error, EngineError::WrongStatus { status: Status::Completed, .. }), "{error}");
    let error = engine.send("nobody", Stop).await.unwrap_err();
    assert!(matches!(error, EngineError::NoSuchRun { .. }), "{error}");
}

#[tokio::test]
async fn a_key_counts_after_the_message_was_received_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || Engine::builder().sqlite(folder.path().join("runs.db")).workflow(collect);
    let engine = builder().start().await.unwrap();
    engine.start(collect, ()).id("c").await.unwrap();
    engine.send("c", named("a")).key("one").await.unwrap();
    let run = engine.run("c").await.unwrap();
    crate::steps::until_asked(async || {
        run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::MessageReceived)
    })
    .await;
    drop((run, engine));
    let engine = builder().start().await.unwrap();
    engine.send("c", named("again")).key("one").await.unwrap();
    engine.send("c", Stop).await.unwrap();
    let run = engine.handle(collect, "c").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ["a"]);
}

#[tokio::test]
async fn a_time_limit_tells_nothing_came_from_something_came() {
    let engine = engine().await;
    let none = engine.start(one_or_none, 20).await.unwrap();
    assert_eq!(none.result().soon().await.unwrap(), None);
    let some = engine.start(one_or_none, 60_000).await.unwrap();
    some.send(named("Ada")).await.unwrap();
    assert_eq!(some.result().soon().await.unwrap(), Some("Ada".into()));
}

#[tokio::test]
async fn runs_send_to_runs_and_learn_when_there_is_none() {
    let engine = engine().await;
    let receiver = engine.start(collect, ()).id("c").await.unwrap();
    let sender = engine.start(forward, "c".into()).await.unwrap();
    assert_eq!(sender.result().soon().await.unwrap(), ["sent", "sent", "sent"]);
    assert_eq!(receiver.result().soon().await.unwrap(), ["0", "1", "2"]);
    let sender = engine.start(forward, "nobody".into()).await.unwrap();
    let outcomes = sender.result().soon().await.unwrap();
    assert_eq!(outcomes, ["there is no run `nobody` in this database"; 3]);
    let sender = engine.start(forward, "c".into()).await.unwrap();
    assert_eq!(sender.result().soon().await.unwrap()[0], "run `c` has ended: nothing more reaches it");
}

#[tokio::test]
async fn a_message_whose_receiver_was_dropped_is_for_the_next() {
    #[workflow]
    async fn drops(flow: &mut Flow) -> Result<(String, bool)> {
        let mut dropped = flow.receive::<Approval>();
        // Polls it, so that it waits, and drops it when both messages have arrived.
        let _ = (&mut dropped).now_or_never();
        flow.receive::<Stop>().await?;
        drop(dropped);
        let first = flow.receive::<Approval>().await?.by;
        Ok((first, flow.try_receive::<Approval>().is_none()))
    }
    let engine = Engine::builder().in_memory().workflow(drops).start().await.unwrap();
    let run = engine.start(drops, ()).await.unwrap();
    run.send(named("kept")).await.unwrap();
    run.send(Stop).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ("kept".into(), true));
}

#[tokio::test]
async fn a_request_is_answered_once_by_its_id_and_type() {
    let engine = engine().await;
    let a = engine.start(review, "a.txt".into()).id("a").await.unwrap();
    let b = engine.start(review, "b.txt".into()).id("b").await.unwrap();
    crate::steps::until_asked(async || engine.requests().await.unwrap().len() == 2).await;
    let of = async |run: &steadfast::RunHandle<String>| run.requests().await.unwrap().remove(0);
    let (asked_a, asked_b) = (of(&a).await, of(&b).await);
    assert_eq!(asked_a.read::<Review>().unwrap(), Review { document: "a.txt".into() });
    assert_eq!((asked_a.run.as_str(), asked_a.answer.as_str()), ("a", "Verdict"));
    let error = engine.answer("0123", Verdict::Good).await.unwrap_err();
    assert!(matches!(error, EngineError::NoSuchRequest { .. }), "{error}");
    let error = engine.answer(&asked_a.id, named("wrong")).await.unwrap_err();
    assert!(matches!(error, EngineError::OtherAnswer { .. }), "{error}");
    assert_eq!(engine.requests().await.unwrap().len(), 2, "both wait as before");
    let bad = Verdict::Bad { because: "typos".into() };
    engine.answer(&asked_b.id, bad.clone()).await.unwrap();
    assert_eq!(b.result().soon().await.unwrap(), "Bad { because: \"typos\" }");
    assert_eq!(a.status().await.unwrap().status, Status::Sleeping);
    engine.answer(&asked_b.id, bad).await.unwrap();
    let error = engine.answer(&asked_b.id, Verdict::Good).await.unwrap_err();
    assert!(matches!(error, EngineError::Answered { .. }), "{error}");
    engine.answer(&asked_a.id, Verdict::Good).await.unwrap();
    assert_eq!(a.result().soon().await.unwrap(), "Good");
    assert!(engine.requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_that_nobody_answers_in_time_is_open_no_longer() {
    let engine = engine().await;
    let run = engine.start(hurried, 30).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), None);
    assert!(engine.requests().await.unwrap().is_empty());
    let run = engine.start(hurried, 60_000).await.unwrap();
    crate::steps::until_asked(async || engine.requests().await.unwrap().len() == 1).await;
    engine.answer(&engine.requests().await.unwrap()[0].id, Verdict::Good).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), Some("Good".into()));
}

#[tokio::test]
async fn a_request_waits_over_restarts_in_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || {
        let builder = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(review);
        builder.evict_after(Duration::ZERO)
    };
    let engine = builder().start().await.unwrap();
    engine.start(review, "a.txt".into()).id("a").await.unwrap();
    crate::steps::until_asked(async || engine.requests().await.unwrap().len() == 1).await;
    let id = engine.requests().await.unwrap()[0].id.clone();
    drop(engine);
    let engine = builder().start().await.unwrap();
    assert_eq!(engine.requests().await.unwrap()[0].id, id);
    engine.answer(&id, Verdict::Good).await.unwrap();
    assert_eq!(engine.handle(review, "a").await.unwrap().result().soon().await.unwrap(), "Good");
}

/// Tests that an accepted answer counts, however late it arrived: the engine that drives the run notices it a moment
/// later.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_another_process_counts_up_to_the_last_moment() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || Engine::builder().sqlite(folder.path().join("runs.db")).workflow(hurried);
    let (driving, answering) = (builder().start().await.unwrap(), builder().start().await.unwrap());
    let (mut counted, mut refused) = (0, 0);
    for early in [60, 40, 20, 10, 5, 2, 1, 0, 0, 0] {
        let run = driving.start(hurried, 300).await.unwrap();
        crate::steps::until_asked(async || answering.requests().await.unwrap().len() == 1).await;
        let asked = answering.requests().await.unwrap().remove(0);
        let left = asked.due.unwrap().duration_since(std::time::SystemTime::now()).unwrap_or_default();
        tokio::time::sleep(left.saturating_sub(Duration::from_millis(early))).await;
        match answering.answer(&asked.id, Verdict::Good).await {
            Ok(()) => {
                assert_eq!(
                    run.result().soon().await.unwrap(),
                    Some("Good".into()),
                    "{early} ms before the time was over"
                );
                counted += 1;
            }
            Err(error) => {
                assert!(matches!(error, EngineError::NoSuchRequest { .. }), "{error}");
                assert_eq!(run.result().soon().await.unwrap(), None);
                refused += 1;
            }
        }
    }
    assert!(counted >= 5, "{counted} counted, {refused} refused");
}
