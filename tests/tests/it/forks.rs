//! Runs that begin with the history of another (case O10): no recorded work is repeated, and events from outside are
//! kept.

mod changed;
mod contents;
mod refused;
mod rewound;

use crate::runs::wait_for;
use crate::steps::until_asked;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::time::SystemTime;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{EngineError, ForkPoint, Message, RunError, Status};

/// The deeds of steps: the run's id, and the argument.
static DONE: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

pub(super) fn done(run: &str) -> Vec<String> {
    let done = DONE.lock().unwrap();
    done.iter().filter(|(of, _)| of == run).map(|(_, what)| what.clone()).collect()
}

/// Records a deed, and returns its idempotency key.
#[step]
pub(super) async fn act(what: String, scope: &StepScope) -> Result<String> {
    DONE.lock().unwrap().push((scope.run_id().to_owned(), what));
    Ok(scope.idempotency_key())
}

/// Runs five steps, one after the other.
#[workflow]
async fn five(flow: &mut Flow) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for n in 1..=5 {
        keys.push(act(flow, n.to_string()).await?);
    }
    keys.push(flow.uuid().to_string());
    Ok(keys)
}

#[tokio::test]
async fn a_fork_at_step_three_of_five_does_not_run_one_and_two_again() {
    for store in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let builder = Engine::builder().workflow(five);
        let builder = if store { builder.in_memory() } else { builder.sqlite(folder.path().join("runs.db")) };
        let engine = builder.start().await.unwrap();
        let (id, fork_id) = (format!("five-{store}"), format!("five-{store}-fork"));
        let run = engine.start(five, ()).id(&id).label("team", "red").await.unwrap();
        let keys = run.result().soon().await.unwrap();
        let before = (run.history().await.unwrap(), run.status().await.unwrap());

        let point = ForkPoint::before("act").nth(3);
        let fork = engine.fork(&id, point).id(&fork_id).label("of", "five").await.unwrap();
        let found = engine.handle(five, &fork_id).await.unwrap().result().soon().await.unwrap();
        assert_eq!(done(&fork_id), ["3", "4", "5"]);
        assert_eq!(found[..2], keys[..2], "recorded results are kept");
        assert!((2..5).all(|n| found[n] != keys[n]), "case D11: what is done again has keys of its own");
        assert_eq!(found[5], keys[5], "random numbers go on");

        assert_eq!(done(&id), ["1", "2", "3", "4", "5"], "the original has done nothing again");
        assert_eq!((run.history().await.unwrap(), run.status().await.unwrap()), before);
        assert_eq!(fork.forked_from().await.unwrap().unwrap().number(), run.number());
        assert_eq!(run.forks().await.unwrap().iter().map(steadfast::Run::id).collect::<Vec<_>>(), [&fork_id]);
        assert_eq!(
            (run.forked_from().await.unwrap().is_none(), run.successor().await.unwrap().is_none()),
            (true, true)
        );
        assert_eq!(fork.status().await.unwrap().forked_from, Some(run.number()));
        let labels = fork.labels().await.unwrap();
        assert_eq!((labels["team"].as_str(), labels["of"].as_str()), ("red", "five"));

        let fork = engine.fork(&fork_id, ForkPoint::at_position(5)).await.unwrap();
        let again = engine.handle(five, fork.id()).await.unwrap().result().soon().await.unwrap();
        assert_eq!((done(fork.id()), &again[..4]), (vec!["5".to_owned()], &found[..4]), "a fork of a fork");
    }
}

#[tokio::test]
async fn a_point_that_is_not_there_is_named_with_what_is() {
    let engine = Engine::builder().in_memory().workflow(five).start().await.unwrap();
    engine.start(five, ()).id("points").await.unwrap().result().soon().await.unwrap();
    let says = async |point, words: &str| {
        let error = engine.fork("points", point).await.unwrap_err().to_string();
        assert!(error.contains("`points`") && error.contains(words), "{error}");
    };
    says(ForkPoint::before("pay"), "no call of step `pay` (it has: act)").await;
    says(ForkPoint::before("act").nth(6), "call 6 of step `act` was asked for, and its history has 5").await;
    says(ForkPoint::before("act").nth(0), "call 0 of step `act`").await;
    says(ForkPoint::at_position(77), "position 77").await;
    says(ForkPoint::after_entry(2), "entry 2 is `step_started`").await;
    says(ForkPoint::after_entry(99), "entry 99 was asked for, and its history has 12").await;
    let error = engine.fork("points", ForkPoint::before("act")).version(7).await.unwrap_err();
    assert!(matches!(error, EngineError::UnknownWorkflow { version: 7, .. }), "{error}");
    let error = engine.fork("points", ForkPoint::before("act")).id("points").await.unwrap_err();
    assert!(error.to_string().contains("another id"), "{error}");
    let error = engine.fork("nobody", ForkPoint::before("act")).await.unwrap_err();
    assert!(matches!(error, EngineError::NoSuchRun { .. }), "{error}");
    let fork = engine.fork("points", ForkPoint::before("act")).id("points-2").await.unwrap();
    wait_for(&fork, Status::Completed).await;
    assert_eq!(done("points-2").len(), 5, "from its very beginning");
}

#[step]
async fn slow(name: String, scope: &StepScope) -> Result<u32> {
    DONE.lock().unwrap().push((scope.run_id().to_owned(), format!("{name}#{}", scope.attempt)));
    if name == "b1" && scope.run_id() == "joined" {
        std::future::pending::<()>().await;
    }
    Ok(1)
}

/// Runs two branches of two steps. The first step of the second never ends in the original.
#[workflow]
async fn joined(flow: &mut Flow) -> Result<u32> {
    let branch = async |one: &str, two: &str| -> Result<u32> {
        Ok(slow(flow, one.to_owned()).await? + slow(flow, two.to_owned()).await?)
    };
    let (a, b) = futures_util::join!(branch("a1", "a2"), branch("b1", "b2"));
    Ok(a? + b?)
}

#[tokio::test]
async fn what_was_in_flight_in_a_join_begins_another_attempt() {
    let engine = Engine::builder().in_memory().workflow(joined).start().await.unwrap();
    let run = engine.start(joined, ()).id("joined").await.unwrap();
    until_asked(async || done("joined").len() == 3).await;
    until_asked(async || run.status().await.unwrap().entries >= 6).await;
    engine.fork("joined", ForkPoint::at_position(3)).id("joined-fork").await.unwrap();
    assert_eq!(engine.handle(joined, "joined-fork").await.unwrap().result().soon().await.unwrap(), 4);
    let mut did = done("joined-fork");
    did.sort();
    assert_eq!(did, ["a2#1", "b1#2", "b2#1"]);
    assert_eq!(run.status().await.unwrap().status, Status::Running, "the original goes on as it did");
}

#[derive(Message, Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Word(String);

#[derive(Message, Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Question(u32);

#[derive(Message, Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Reply(String);

#[workflow]
async fn echo(flow: &mut Flow, word: String) -> Result<String> {
    let Word(more) = flow.receive::<Word>().await?;
    Ok(format!("{word} {more}"))
}

/// Communicates in every way, with steps between.
#[workflow]
async fn talk(flow: &mut Flow) -> Result<Vec<String>> {
    let stream = flow.stream("said");
    stream.write(&"begin".to_owned());
    flow.publish("state", &1);
    let Word(first) = flow.receive::<Word>().await?;
    let request = flow.request::<Question, Reply>(Question(1));
    let request_id = request.id();
    let child = flow.start(echo, "child:".into()).await;
    // The question is asked while the steps run.
    let acts = async {
        act(flow, request_id).await?;
        act(flow, "middle".into()).await?;
        stream.write(&"end".to_owned());
        flow.publish("state", &2);
        Ok::<_, Error>(())
    };
    let (reply, echoed, acted) = futures_util::join!(request, child, acts);
    let (Reply(reply), echoed) = (reply?, echoed?);
    acted?;
    let mut said = vec![first, reply, echoed];
    for _ in 0..3 {
        said.push(flow.receive::<Word>().await?.0);
    }
    Ok(said)
}

fn word(text: &str) -> Word {
    Word(text.to_owned())
}

/// Starts a run that has three words and an answer in its history, two of the words after its fork point.
async fn talking(engine: &Engine, id: &str) -> steadfast::Run {
    let run = engine.start(talk, ()).id(id).await.unwrap();
    engine.send(id, word("one")).await.unwrap();
    until_asked(async || !run.requests().await.unwrap().is_empty()).await;
    until_asked(async || done(id).len() == 2).await;
    engine.answer(&run.requests().await.unwrap()[0].id, Reply("yes".into())).await.unwrap();
    for text in ["two", "three"] {
        engine.send(id, word(text)).key(text).await.unwrap();
    }
    let received = |entry: &&steadfast::history::HistoryEntry| entry.kind == Kind::MessageReceived;
    until_asked(async || run.history().await.unwrap().iter().filter(received).count() == 3).await;
    let run = engine.run(id).await.unwrap();
    until_asked(async || run.history().await.unwrap().iter().any(|entry| entry.kind == Kind::RequestAnswered)).await;
    run
}

#[tokio::test]
async fn messages_answers_children_and_what_was_shown_come_along() {
    let engine = Engine::builder().in_memory().workflow(talk).workflow(echo).start().await.unwrap();
    let run = talking(&engine, "talk").await;
    let fork = engine.fork("talk", ForkPoint::before("act").nth(2)).id("talk-fork").await.unwrap();
    let child = engine.list(steadfast::RunFilter::all().workflow("echo")).await.unwrap();
    assert_eq!(child.len(), 1, "the child is waited for again, not started again");
    engine.send(&child[0].id, word("hello")).await.unwrap();
    engine.send("talk-fork", word("four")).await.unwrap();
    let handle = engine.handle(talk, "talk-fork").await.unwrap();
    assert_eq!(handle.result().soon().await.unwrap(), ["one", "yes", "child: hello", "two", "three", "four"]);
    assert_eq!(done("talk-fork"), ["middle"]);
    assert!(engine.requests().await.unwrap().is_empty(), "nobody is asked what was answered");
    let mut said = Vec::new();
    let mut stream = fork.stream::<String>("said");
    while let Some((_, item)) = stream.next().soon().await.unwrap() {
        said.push(item);
    }
    assert_eq!(said, ["begin", "end"], "once each");
    assert_eq!(engine.published::<u32>("talk-fork", "state").soon().await.unwrap(), 2);
    engine.send("talk", word("other")).await.unwrap();
    let original = engine.handle(talk, "talk").await.unwrap().result().soon().await.unwrap();
    assert_eq!(original, ["one", "yes", "child: hello", "two", "three", "other"]);
    drop(run);
}

#[tokio::test]
async fn a_question_that_is_open_is_asked_by_the_fork_too() {
    let engine = Engine::builder().in_memory().workflow(talk).workflow(echo).start().await.unwrap();
    engine.start(talk, ()).id("asks").await.unwrap();
    engine.send("asks", word("one")).await.unwrap();
    until_asked(async || done("asks").len() == 2).await;
    let fork = engine.fork("asks", ForkPoint::before("act").nth(2)).id("asks-fork").await.unwrap();
    until_asked(async || engine.requests().await.unwrap().len() == 2).await;
    let asked = fork.requests().await.unwrap();
    assert_eq!(asked.len(), 1);
    engine.answer(&asked[0].id, Reply("to the fork".into())).await.unwrap();
    until_asked(async || fork.history().await.unwrap().iter().any(|entry| entry.kind == Kind::RequestAnswered)).await;
    assert_eq!(engine.run("asks").await.unwrap().requests().await.unwrap().len(), 1);
    // The fork of the fork has an answer to the fork's own question.
    until_asked(async || done("asks-fork").len() == 1).await;
    let second = engine.fork("asks-fork", ForkPoint::before("act").nth(2)).id("asks-second").await.unwrap();
    until_asked(async || second.history().await.unwrap().iter().any(|entry| entry.kind == Kind::RequestAnswered)).await;
}

#[workflow]
async fn hurried(flow: &mut Flow) -> Result<String> {
    act(flow, "one".into()).await?;
    act(flow, "two".into()).await?;
    flow.sleep(Duration::from_millis(50)).await?;
    Ok(format!("{:?}", flow.receive::<Word>().within(Duration::from_millis(100)).await?))
}

#[tokio::test]
async fn a_deadline_that_has_passed_and_a_pause_are_dropped() {
    let engine = Engine::builder().in_memory().workflow(hurried).start().await.unwrap();
    // Paused time does not count towards a time limit, but a deadline is a point in time.
    let limit = Duration::from_millis(120);
    let run = engine.start(hurried, ()).id("hurried").deadline(SystemTime::now() + limit).await.unwrap();
    until_asked(async || done("hurried").len() == 2).await;
    run.pause(steadfast::Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    tokio::time::sleep(limit).await;
    let last = run.status().await.unwrap().entries;
    let turn = run.history().await.unwrap().into_iter().rfind(|entry| entry.kind.is_turn()).unwrap().seq;
    for at in [ForkPoint::before("act").nth(2), ForkPoint::after_entry(turn)] {
        let fork = engine.fork("hurried", at).await.unwrap();
        assert_eq!(engine.handle(hurried, fork.id()).await.unwrap().result().soon().await.unwrap(), "None");
    }
    assert_eq!(run.status().await.unwrap().entries, last);
    run.resume().await.unwrap();
    assert!(matches!(run.result().soon().await, Err(RunError::TimedOut)));
}

#[tokio::test]
async fn a_fork_survives_a_crash_at_once() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(five).start().await.unwrap();
    engine.start(five, ()).id("crash").await.unwrap().result().soon().await.unwrap();
    // The next engine runs its last three steps.
    let point = ForkPoint::before("act").nth(3);
    let fork = engine.fork("crash", point).id("crash-fork").await.unwrap();
    drop((fork, engine));
    let engine = Engine::builder().store(store).workflow(five).start().await.unwrap();
    let keys = engine.handle(five, "crash-fork").await.unwrap().result().soon().await.unwrap();
    assert_eq!(keys.len(), 6);
    let did = done("crash-fork");
    assert!(did.ends_with(&["5".to_owned()]) && !did.contains(&"2".to_owned()), "{did:?}");
}
