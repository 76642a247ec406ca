//! Limits on lengths: a text for people is truncated with a note, and everything else is refused where it is passed. No
//! user's value bypasses `max_value_bytes`.

#![expect(clippy::unused_async, reason = "the body of a workflow is an async function, also if it awaits nothing")]

use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{
    ChildError, EngineBuilder, Message, ParkCause, ParkReason, Principal, RunError, RunHandle, Scope, StepError,
};

const LONG: usize = 5_000_000;
const LIMIT: usize = 4_000;

fn long() -> String {
    "x".repeat(LONG)
}

#[derive(Debug, Serialize, Deserialize)]
struct Typed(String);

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Typed {}

#[step(retry(attempts = 2))]
async fn fails() -> Result<()> {
    Err(Typed(long()).into())
}

#[step]
async fn fails_typed() -> Result<(), Typed> {
    Err(Typed(long()))
}

#[step(retry(attempts = 2))]
async fn panics() -> Result<()> {
    panic!("{}", long())
}

#[step]
async fn tells(scope: &StepScope) -> Result<String> {
    scope.progress_with(1, 2, long());
    let item = steadfast::stream("items").write(&long()).await.unwrap_err();
    let name = steadfast::stream(&"n".repeat(600)).write(&1).await.unwrap_err();
    Ok(format!("{item} {name}"))
}

#[workflow]
async fn texts(flow: &mut Flow) -> Result<Vec<String>> {
    let flow = &*flow;
    let mut texts = Vec::new();
    let failed = fails(flow).await.unwrap_err();
    texts.extend(failed.attempts().failures.iter().map(|failure| failure.message.clone()));
    texts.push(failed.to_string());
    let Err(typed @ StepError::Unstorable(..)) = fails_typed(flow).await else { panic!("it was stored") };
    texts.push(typed.to_string());
    let panicked = panics(flow).await.unwrap_err();
    texts.extend(panicked.attempts().failures.iter().map(|failure| failure.message.clone()));
    texts.push(panicked.to_string());
    Ok(texts)
}

#[workflow]
async fn ends_badly(_flow: &mut Flow, how: u32) -> Result<String> {
    match how {
        0 => Err(Typed(long()).into()),
        1 => panic!("{}", long()),
        _ => Ok(long()),
    }
}

#[workflow]
async fn hears(flow: &mut Flow) -> Result<()> {
    flow.receive::<Text>().await?;
    Ok(())
}

#[derive(Debug, Serialize, Deserialize, Message)]
struct Text(String);

fn engine(limit: usize) -> EngineBuilder {
    Engine::builder()
        .in_memory()
        .max_value_bytes(limit)
        .workflow(texts)
        .workflow(ends_badly)
        .workflow(hears)
        .workflow(shows)
        .workflow(gives)
}

async fn in_time<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_mins(1), future).await.expect("it ends in time")
}

async fn outcome<O: steadfast::Storable>(run: RunHandle<O>) -> Result<O, RunError> {
    in_time(run.result()).await
}

fn parked<O>(outcome: Result<O, RunError>) -> ParkReason {
    match outcome {
        Err(RunError::Parked { reason }) => *reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it completed"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_for_people_are_cut_with_a_note() {
    let engine = engine(1_000_000).start().await.unwrap();
    let texts = outcome(engine.start(texts, ()).await.unwrap()).await.unwrap();
    assert_eq!(texts.len(), 7);
    for text in &texts {
        assert!(text.len() < 20_000 && text.contains(".. (cut: it had 5000000 bytes)"), "{} bytes", text.len());
    }
    let failed = outcome(engine.start(ends_badly, 0).await.unwrap()).await.unwrap_err();
    assert!(failed.to_string().len() < 20_000 && failed.to_string().contains("(cut: it had"), "{failed}");
    let reason = parked(outcome(engine.start(ends_badly, 1).await.unwrap()).await);
    assert_eq!(reason.cause, ParkCause::Panicked);
    assert!(reason.to_string().len() < 20_000 && reason.to_string().contains("(cut: it had"), "{reason}");
    let reason = parked(outcome(engine.start(ends_badly, 2).await.unwrap()).await);
    assert_eq!(reason.cause, ParkCause::Unstorable);
    assert!(reason.to_string().contains("5000002 bytes, the limit is 1000000"), "{reason}");
    let run = engine.start(hears, ()).await.unwrap();
    run.cancel(long()).await.unwrap();
    let Err(RunError::Cancelled { reason }) = outcome(run).await else { panic!() };
    assert!(reason.len() < 20_000 && reason.ends_with("(cut: it had 5000000 bytes)"));
}

/// Publishes a value or item that is refused.
#[workflow]
async fn shows(flow: &mut Flow, what: u32) -> Result<()> {
    let name = "n".repeat(600);
    match what {
        0 => flow.publish("key", &long()),
        1 => flow.publish(&name, &1),
        2 => flow.stream("items").write(&long()),
        3 => flow.stream(&name).write(&1),
        _ => drop(flow.request::<Text, Text>(Text(long())).await?),
    }
    Ok(())
}

/// Makes calls whose refusals the workflow receives.
#[workflow]
async fn gives(flow: &mut Flow, to: String) -> Result<Vec<String>> {
    let mut refusals = vec![tells(&*flow).await?];
    refusals.push(flow.send(&to, Text(long())).await.unwrap_err().to_string());
    refusals.push(flow.send("i".repeat(600), Text(String::new())).await.unwrap_err().to_string());
    let starts = [
        flow.start(gives, long()),
        flow.start(gives, to.clone()).id("i".repeat(600)),
        flow.start(gives, to.clone()).with(Scope::new().deduplication_key("k".repeat(600))),
        flow.start(gives, to.clone()).with(Scope::new().label("l".repeat(600), "")),
        flow.start(gives, to.clone()).with(Scope::new().label("l", "v".repeat(600))),
    ];
    for start in starts {
        let Err(ChildError::Refused { reason }) = start.await.await else { panic!("it was started") };
        refusals.push(reason);
    }
    Ok(refusals)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_is_refused() {
    let engine = engine(LIMIT).start().await.unwrap();
    for (what, expected) in [(0, "limit is 4000"), (1, "512"), (2, "limit is 4000"), (3, "512")] {
        let reason = parked(outcome(engine.start(shows, what).await.unwrap()).await);
        assert_eq!(reason.cause, ParkCause::Unstorable);
        assert!(reason.to_string().contains(expected), "{what}: {reason}");
    }
    let asked = outcome(engine.start(shows, 4).await.unwrap()).await.unwrap_err();
    assert!(matches!(&asked, RunError::Failed(error) if error.to_string().contains("limit is 4000")), "{asked}");
    let hearing = engine.start(hears, ()).await.unwrap();
    let refusals = outcome(engine.start(gives, hearing.id().to_owned()).await.unwrap()).await.unwrap();
    let expected = ["limit is 4000", "limit is 4000", "length", "limit is 4000", "a run's id", "a deduplication key"];
    for (refusal, expected) in refusals.iter().zip(expected.into_iter().chain(["of a label", "of the label `l`"])) {
        assert!(refusal.contains(expected), "{expected}: {refusal}");
    }
    assert_eq!(refusals.len(), 8);
    // Calls from outside.
    let long_key = "k".repeat(513);
    let refused = [
        engine.start(gives, long()).await.map(drop).unwrap_err(),
        engine
            .start(hears, ())
            .with(Scope::new().principal((0..200).fold(Principal::new("p"), role)))
            .await
            .map(drop)
            .unwrap_err(),
        engine.send(hearing.id(), Text(long())).await.unwrap_err(),
        hearing.send(Text(long())).await.unwrap_err(),
        engine.send(hearing.id(), Text(String::new())).key(long_key).await.unwrap_err(),
    ];
    let expected = ["limit is 4000", "65536 bytes", "limit is 4000", "limit is 4000", "a key has 1 to 512 bytes"];
    for (refused, expected) in refused.iter().zip(expected) {
        assert!(refused.to_string().contains(expected), "{expected}: {refused}");
    }
    engine.send(hearing.id(), Text("short".to_owned())).await.unwrap();
    outcome(hearing).await.unwrap();
}

fn role(principal: Principal, number: usize) -> Principal {
    principal.role(format!("{number}{}", "r".repeat(400)))
}

#[derive(Debug, Serialize, Deserialize, Message)]
struct Measure(f64);

#[step]
async fn measured(value: f64) -> Result<f64> {
    Ok(value)
}

#[workflow]
async fn sends_nothing(flow: &mut Flow, rounds: u32) -> Result<u32> {
    let mut refused = 0;
    for _ in 0..rounds {
        let sent = flow.send("nobody", Measure(f64::NAN)).await;
        let (called, child) = (measured(&*flow, f64::NAN).await, flow.start(other, f64::NAN).await.await);
        assert!(sent.unwrap_err().to_string().contains("NaN") && called.unwrap_err().to_string().contains("NaN"));
        assert!(child.unwrap_err().to_string().contains("NaN"));
        refused += 3;
        flow.publish("refused", &refused);
    }
    Ok(refused)
}

#[workflow]
async fn other(_flow: &mut Flow, value: f64) -> Result<f64> {
    Ok(value)
}

/// Tests that a refusal is recorded like any other answer: it is the same in a replay, and there is one for each call.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_given_is_refused_to_its_giver_and_parks_nobody() {
    let engine = Engine::builder().in_memory().workflow(sends_nothing).start().await.unwrap();
    let run = engine.start(sends_nothing, 2_000).await.unwrap();
    assert_eq!(in_time(run.result()).await.unwrap(), 6_000);
    let report = crash_everywhere(sends_nothing, 2).await;
    println!("{report:?}");
}

#[derive(Event)]
#[event(external)]
struct Told {
    text: String,
}

struct Listens;

#[workflow]
impl Listens {
    #[step]
    async fn begin(begin: Begin<bool>) -> Result<Option<Stop<usize>>> {
        Ok((!*begin).then_some(Stop(0)))
    }

    #[step]
    async fn hear(told: Told) -> Result<Stop<usize>> {
        Ok(Stop(told.text.len()))
    }
}

#[workflow]
async fn asks(flow: &mut Flow) -> Result<usize> {
    Ok(flow.request::<Text, Text>(Text("?".to_owned())).await?.0.len())
}

/// Tests that too long answers and events from outside are refused to their callers, and do not affect the run.
#[tokio::test(flavor = "multi_thread")]
async fn answers_and_emitted_events_are_refused_when_they_are_too_long() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let builder = engine(LIMIT).sqlite(folder.path().join("runs.db")).workflow(asks).workflow(Listens);
    let engine = builder.start().await.unwrap();
    let asking = engine.start(asks, ()).await.unwrap();
    let request = in_time(async {
        loop {
            if let Some(request) = engine.requests().await.unwrap().pop() {
                return request.id;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let request = request.await;
    let listening = engine.start(Listens, true).await.unwrap();
    let told = |text: String| Told { text };
    let key = "k".repeat(513);
    let id = listening.id().to_owned();
    let in_commit = engine.transaction(move |tx| -> Result<()> { Ok(tx.emit(&id, Told { text: long() })?) });
    let refused = [
        engine.answer(&request, Text(long())).await.unwrap_err().to_string(),
        // With its quotes it exceeds the limit.
        engine.answer(&request, Text("x".repeat(LIMIT))).await.unwrap_err().to_string(),
        engine.emit(listening.id(), told(long())).await.unwrap_err().to_string(),
        engine.emit(listening.id(), told("x".repeat(LIMIT))).await.unwrap_err().to_string(),
        listening.emit(told(long())).await.unwrap_err().to_string(),
        in_commit.await.unwrap_err().to_string(),
        engine.emit(listening.id(), told(String::new())).key(key).await.unwrap_err().to_string(),
    ];
    for (at, refused) in refused.iter().enumerate() {
        let expected = if at == 6 { "a key has 1 to 512 bytes" } else { "limit is 4000" };
        assert!(refused.contains(expected), "{at}: {refused}");
    }
    engine.answer(&request, Text("x".repeat(100))).await.unwrap();
    engine.emit(listening.id(), told("x".repeat(200))).await.unwrap();
    assert_eq!(outcome(asking).await.unwrap(), 100);
    assert_eq!(in_time(listening.result()).await.unwrap(), 200);
}
