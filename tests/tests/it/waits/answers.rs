//! Waits for the answers to requests of earlier executions.

use super::{Note, status, words};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ActivityKind, ForkPoint, Run, Waited, WaitsFor};

#[derive(Message, Serialize, Deserialize)]
struct First;

#[derive(Message, Serialize, Deserialize)]
struct Second;

#[derive(Message, Serialize, Deserialize)]
struct Go;

/// Waits for the answers to two requests at once: of this execution, and of the earlier one at the same command index.
#[workflow]
async fn asks_twice(flow: &mut Flow, first: Option<String>) -> Result<u64> {
    let Some(first) = first else {
        let request = flow.request::<First, Note>(First);
        let first = request.id();
        let mut request = std::pin::pin!(request.within(Duration::from_hours(1)));
        assert!(futures_util::poll!(&mut request).is_pending());
        return flow.continue_as_new(asks_twice, Some(first)).await;
    };
    let (second, first) = (flow.request::<Second, Note>(Second), flow.answer_to::<Note>(first));
    let (second, first) = join!(second, first);
    Ok(first?.0 + second?.0)
}

/// Waits for the answer to a request of `times` executions ago, each after a message, and then for a message.
#[workflow]
async fn outlives(flow: &mut Flow, (limit, times, first): (u64, u32, Option<String>)) -> Result<String> {
    let Some(first) = first else {
        let request = flow.request::<First, Note>(First);
        let first = request.id();
        let mut request = std::pin::pin!(request.within(Duration::from_millis(limit)));
        assert!(futures_util::poll!(&mut request).is_pending());
        return flow.continue_as_new(outlives, (limit, times, Some(first))).await;
    };
    flow.receive::<Go>().await?;
    if times > 0 {
        return flow.continue_as_new(outlives, (limit, times - 1, Some(first))).await;
    }
    let answer = flow.answer_to::<Note>(first).await.map(|note| note.0);
    flow.receive::<Go>().await?;
    Ok(answer.map_or_else(|error| error.to_string(), |note| note.to_string()))
}

async fn open(store: &MemoryStore) -> Engine {
    let builder = Engine::builder().store(store.clone()).workflow(asks_twice).workflow(outlives);
    builder.start().await.unwrap()
}

/// Waits for the next execution of a run, and returns it.
async fn next(engine: &Engine, run: &Run) -> Run {
    limits::until(async || engine.run(run.id()).await.unwrap().number() != run.number()).await;
    engine.run(run.id()).await.unwrap()
}

/// Returns the id of the open request [`First`] of a run.
async fn first_request(run: &Run) -> String {
    let open = run.requests().await.unwrap();
    open.into_iter().find(|open| open.question.ends_with("First")).expect("it is open").id
}

/// Waits until the history has that many entries of a kind.
async fn has(run: &Run, kind: Kind, count: usize) {
    let found = async || run.history().await.unwrap().iter().filter(|entry| entry.kind == kind).count();
    limits::until(async || found().await >= count).await;
}

/// Returns the requests that the run is reported to wait for: the question and the id of each.
async fn asked(run: &Run) -> Vec<(String, String)> {
    let info = status(run, |info| info.waits_for.len() == 2).await;
    let waits = info.waits_for.into_iter().map(|wait| match wait.for_what {
        WaitsFor::Answer { request, question } => {
            assert_eq!(wait.until.is_some(), question.ends_with("First"), "only the first has a limit");
            (question.rsplit("::").next().unwrap_or_default().to_owned(), request)
        }
        other => panic!("{other:?}"),
    });
    waits.collect()
}

#[tokio::test]
async fn the_answer_to_a_request_of_an_earlier_execution_is_waited_for_as_such_in_forks_too() {
    let engine = open(&MemoryStore::new()).await;
    let start = engine.start(asks_twice, None).id("r").await.unwrap();
    let run = next(&engine, &start).await;
    let first = first_request(&run).await;
    let waits = asked(&run).await;
    assert_eq!(waits.iter().map(|(question, _)| question.as_str()).collect::<Vec<_>>(), ["Second", "First"]);
    assert_eq!(waits[1].1, first);
    assert_ne!(waits[0].1, first);

    engine.fork("r", ForkPoint::after_entry(1)).id("fork").await.unwrap();
    for id in ["r", "fork"] {
        let run = engine.run(id).await.unwrap();
        for (note, (_, request)) in (1..).zip(asked(&run).await) {
            engine.answer(&request, Note(note)).await.unwrap();
            let left = status(&run, |info| info.waits_for.len() < 2).await;
            assert!(!words(&left).concat().contains(&request), "{left:?}");
            if note == 1 {
                assert_eq!(left.waits_for.len(), 1, "{left:?}");
            }
        }
        assert_eq!(engine.handle(asks_twice, id).await.unwrap().result().soon().await.unwrap(), 3);
    }
}

#[tokio::test]
async fn the_activity_names_the_request_of_an_earlier_execution() {
    let engine = open(&MemoryStore::new()).await;
    let start = engine.start(asks_twice, None).id("r").await.unwrap();
    let run = next(&engine, &start).await;
    let first = first_request(&run).await;
    for (_, request) in asked(&run).await {
        engine.answer(&request, Note(1)).await.unwrap();
    }
    engine.handle(asks_twice, "r").await.unwrap().result().soon().await.unwrap();
    let seen = activity(&run).await;
    let earlier = Waited::AnswerTo(first.clone());
    let waits = |kind: &ActivityKind| matches!(kind, ActivityKind::Waiting { for_what, .. } if *for_what == earlier);
    let came = |kind: &ActivityKind| matches!(kind, ActivityKind::Came { what, .. } if *what == earlier);
    assert!(seen.iter().any(waits) && seen.iter().any(came), "{seen:?}");
    let said: Vec<String> = seen.iter().map(ToString::to_string).collect();
    assert!(said.contains(&format!("waits for the answer to request {first}")), "{said:?}");
    assert!(said.contains(&format!("the answer to request {first} came")), "{said:?}");
    let drawn = run.diagram().await.unwrap().mermaid();
    assert!(drawn.contains("answer to an earlier request") && !drawn.contains("message"), "{drawn}");
}

/// Returns the activity of a run until its end.
async fn activity(run: &Run) -> Vec<ActivityKind> {
    let (mut seen, mut activity) = (Vec::new(), run.activity());
    while let Some(one) = activity.next().soon().await.unwrap() {
        seen.push(one.kind);
    }
    seen
}

/// The start of the wait for the answer: before `settle` ends it, or after.
#[derive(Clone, Copy, PartialEq)]
enum Begins {
    Before,
    After,
}

/// Returns what a run is said to wait for after `settle` has ended its wait for an answer, and its result.
async fn settled(
    (limit, times, begins): (u64, u32, Begins),
    settle: impl AsyncFnOnce(&Engine, &Run),
) -> (Vec<String>, String) {
    let engine = open(&MemoryStore::new()).await;
    let start = engine.start(outlives, (limit, times, None)).id("r").await.unwrap();
    let mut run = next(&engine, &start).await;
    run.status().await.unwrap();
    if begins == Begins::After {
        settle(&engine, &run).await;
        for _ in 0..times {
            run.send(Go).await.unwrap();
            run = next(&engine, &run).await;
        }
        run.send(Go).await.unwrap();
    } else {
        run.send(Go).await.unwrap();
        has(&run, Kind::ReceiveStarted, 2).await;
        run.status().await.unwrap();
        settle(&engine, &run).await;
    }
    // For `Go`, the answer, and `Go`.
    has(&run, Kind::ReceiveStarted, 3).await;
    let waits = words(&run.status().await.unwrap());
    run.send(Go).await.unwrap();
    let (seen, told) = (activity(&run).await, |kind: &ActivityKind| match kind {
        ActivityKind::Came { what: Waited::AnswerTo(_), .. } => limit > 1_000,
        ActivityKind::Expired { .. } => limit == 1_000,
        _ => false,
    });
    assert_eq!(seen.iter().filter(|kind| told(kind)).count(), 1, "{seen:?}");
    (waits, engine.handle(outlives, "r").await.unwrap().result().soon().await.unwrap())
}

/// Asserts that the run waits for `Go` alone.
fn for_go_alone(waits: &[String]) {
    assert!(matches!(waits, [one] if one.contains("Go")), "{waits:?}");
}

#[tokio::test]
async fn an_answer_whose_time_is_over_is_waited_for_no_longer() {
    for begins in [Begins::Before, Begins::After] {
        let expires = async |_: &Engine, run: &Run| has(run, Kind::RequestExpired, 1).await;
        let (waits, result) = settled((1_000, 0, begins), expires).await;
        for_go_alone(&waits);
        assert!(result.contains("was not answered within its time limit"), "{result}");
    }
}

#[tokio::test]
async fn an_answer_that_came_is_waited_for_no_longer() {
    for (times, begins) in [(0, Begins::Before), (0, Begins::After), (1, Begins::After)] {
        let answers = async |engine: &Engine, run: &Run| {
            engine.answer(&first_request(run).await, Note(7)).await.unwrap();
            has(run, Kind::RequestAnswered, 1).await;
        };
        let (waits, result) = settled((3_600_000, times, begins), answers).await;
        for_go_alone(&waits);
        assert_eq!(result, "7");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_come_is_waited_for_no_longer() {
    let engine = open(&MemoryStore::new()).await;
    let run = engine.start(outlives, (0, 0, Some("never".to_owned()))).await.unwrap();
    run.send(Go).await.unwrap();
    has(&run, Kind::ReceiveStarted, 3).await;
    for_go_alone(&words(&run.status().await.unwrap()));
    run.send(Go).await.unwrap();
    assert!(run.result().soon().await.unwrap().contains("is not open"));
    let refused = |kind: &ActivityKind| matches!(kind, ActivityKind::Refused { position: 2, message } if message.contains("request never is not open"));
    let seen = activity(&run).await;
    assert!(seen.iter().any(refused), "{seen:?}");
}

/// Starts a run whose id another has.
#[workflow]
async fn clashes(flow: &mut Flow) -> Result<()> {
    flow.start(outlives, (0, 0, None)).id("taken").await.await.map(drop)?;
    Ok(())
}

#[tokio::test]
async fn the_activity_says_why_a_run_was_not_started() {
    let engine = Engine::builder().in_memory().workflow(clashes).workflow(outlives).start().await.unwrap();
    engine.start(outlives, (0, 0, Some("never".to_owned()))).id("taken").await.unwrap();
    let run = engine.start(clashes, ()).await.unwrap();
    run.result().soon().await.unwrap_err();
    let seen = activity(&run).await;
    let refused = |kind: &ActivityKind| matches!(kind, ActivityKind::Refused { position: 1, message } if message.contains("taken"));
    assert!(seen.iter().any(refused), "{seen:?}");
}

/// Awaits one answer with two calls at once.
#[workflow]
async fn awaits_doubly(flow: &mut Flow, first: Option<String>) -> Result<(u64, String)> {
    let Some(first) = first else {
        let request = flow.request::<First, Note>(First);
        let first = request.id();
        let mut request = std::pin::pin!(request);
        assert!(futures_util::poll!(&mut request).is_pending());
        return flow.continue_as_new(awaits_doubly, Some(first)).await;
    };
    let (one, other) = join!(flow.answer_to::<Note>(first.clone()), flow.answer_to::<Note>(first));
    Ok((one?.0, other.map_or_else(|error| error.to_string(), |note| note.0.to_string())))
}

#[tokio::test]
async fn an_answer_is_for_one_call_and_a_second_is_refused() {
    let engine = Engine::builder().in_memory().workflow(awaits_doubly).start().await.unwrap();
    let run = engine.start(awaits_doubly, None).id("doubly").await.unwrap();
    let current = next(&engine, &run).await;
    let request = first_request(&current).await;
    engine.answer(&request, Note(7)).await.unwrap();
    let (answer, second) = run.result().soon().await.unwrap();
    assert_eq!(answer, 7);
    assert!(second.contains("is awaited by another call"), "{second}");
}
