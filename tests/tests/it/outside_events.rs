//! Events from outside for event-driven runs.

use crate::steps::until_asked;
use limits::Soon as _;
use steadfast::history::{HistoryEntry, Kind};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineError, Key, Run, Secret, StaticKeys, Status};

#[derive(Event)]
#[event(external, name = "vote.cast")]
struct Vote {
    by: String,
    ballot: Bytes,
}

#[derive(Event)]
#[event(external)]
struct Closed;

#[derive(Event)]
#[event(external)]
struct Unheard;

#[derive(Event)]
struct Inner;

#[derive(Event)]
#[event(external)]
struct Password {
    secret: Secret<String>,
}

/// A graph that counts votes in batches, until the poll is closed.
struct Poll;

#[workflow]
impl Poll {
    #[step]
    async fn open(begin: Begin<bool>) -> Result<Option<Stop<Vec<String>>>> {
        Ok((!*begin).then(|| Stop(Vec::new())))
    }

    #[step]
    async fn count(#[collect(3)] votes: Vec<Vote>) -> Result<Stop<Vec<String>>> {
        Ok(Stop(votes.iter().map(|vote| format!("{}: {:?}", vote.by, &vote.ballot[..])).collect()))
    }

    #[step]
    async fn close(_closed: Closed) -> Result<Stop<Vec<String>>> {
        Ok(Stop(Vec::new()))
    }
}

struct LogIn;

#[workflow]
impl LogIn {
    #[step]
    async fn ask(begin: Begin<bool>) -> Result<Option<Stop<usize>>> {
        Ok((!*begin).then_some(Stop(0)))
    }

    #[step]
    async fn enter(password: Password) -> Result<Stop<usize>> {
        Ok(Stop(password.secret.expose().len()))
    }
}

#[workflow]
async fn function(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::from_hours(1)).await?;
    Ok(())
}

fn vote(by: &str) -> Vote {
    Vote { by: by.to_owned(), ballot: Bytes::from_static(b"\x00\xff") }
}

/// Waits until the run only waits for events.
async fn opened(run: &Run) {
    let is_open = |entry: &HistoryEntry| entry.kind == Kind::StepCompleted;
    until_asked(async || run.history().await.unwrap().iter().any(is_open)).await;
}

fn counted(names: [&str; 3]) -> Vec<String> {
    names.map(|name| format!("{name}: [0, 255]")).to_vec()
}

#[tokio::test]
async fn events_arrive_in_order_and_once_for_each_key() {
    let engine = Engine::builder().in_memory().workflow(Poll).start().await.unwrap();
    let run = engine.start(Poll, true).id("poll").await.unwrap();
    opened(&run).await;
    // No step waits for a vote yet.
    engine.emit("poll", vote("ann")).key("ann-1").await.unwrap();
    engine.emit("poll", vote("ann again")).key("ann-1").await.unwrap();
    let taken = |entry: &HistoryEntry| entry.kind == Kind::MessageReceived;
    until_asked(async || run.history().await.unwrap().iter().any(taken)).await;
    engine.emit("poll", vote("ann once more")).key("ann-1").await.unwrap();
    run.emit(vote("ben")).await.unwrap();
    run.emit(vote("cid")).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), counted(["ann", "ben", "cid"]));
}

#[tokio::test]
async fn an_event_wakes_a_run_that_waits_also_after_a_restart_and_from_another_engine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let builder = || Engine::builder().sqlite(&path).evict_after(Duration::ZERO);
    let engine = builder().workflow(Poll).start().await.unwrap();
    let run = engine.start(Poll, true).id("poll").await.unwrap();
    opened(&run).await;
    run.emit(vote("before")).await.unwrap();
    until_asked(async || run.status().await.unwrap().entries >= 7).await;
    // This engine does not know the workflow, and so cannot check the event.
    let stranger = builder().start().await.unwrap();
    stranger.emit("poll", vote("meanwhile")).await.unwrap();
    stranger.shutdown(Duration::from_secs(5)).await.unwrap();
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = builder().workflow(Poll).start().await.unwrap();
    let run = engine.handle(Poll, "poll").await.unwrap();
    run.emit(vote("after")).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), counted(["before", "meanwhile", "after"]));
}

#[tokio::test]
async fn an_event_that_cannot_arrive_is_refused_with_the_reason() {
    let engine = Engine::builder().in_memory().workflow(Poll).workflow(function).start().await.unwrap();
    let run = engine.start(Poll, true).id("poll").await.unwrap();
    let error = run.emit(Inner).await.unwrap_err().to_string();
    assert!(error.contains("`Inner` does not come from outside: put `#[event(external)]` on its struct"), "{error}");
    let error = run.emit(Unheard).await.unwrap_err().to_string();
    assert!(error.contains("run `poll` cannot take event `Unheard`: workflow `Poll` takes `"), "{error}");
    assert!(error.contains("`vote.cast`") && error.contains("`Closed`"), "{error}");
    let other = engine.start(function, ()).id("f").await.unwrap();
    let error = other.emit(Closed).await.unwrap_err().to_string();
    assert!(error.contains("workflow `function` is a function: send it messages"), "{error}");
    assert!(matches!(engine.emit("nobody", Closed).await, Err(EngineError::NoSuchRun { id }) if id == "nobody"));
    run.emit(Closed).await.unwrap();
    assert!(run.result().soon().await.unwrap().is_empty());
    let error = run.emit(Closed).await.unwrap_err();
    assert!(matches!(&error, EngineError::WrongStatus { status: Status::Completed, .. }), "{error}");
}

#[tokio::test]
async fn a_secret_in_an_event_is_sealed_for_its_run() {
    let engine = Engine::builder().in_memory().workflow(LogIn).start().await.unwrap();
    let run = engine.start(LogIn, true).await.unwrap();
    let error = run.emit(Password { secret: Secret::new("hunter2".into()) }).await.unwrap_err().to_string();
    assert!(error.contains("event `Password` cannot be stored: ") && error.contains("there is no key"), "{error}");

    let keys = StaticKeys::new(Key::new("k1", [7; 32]));
    let engine = Engine::builder().in_memory().keys(keys).workflow(LogIn).start().await.unwrap();
    let run = engine.start(LogIn, true).await.unwrap();
    run.emit(Password { secret: Secret::new("hunter2".into()) }).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 7);
    for entry in run.history().await.unwrap() {
        let value = entry.value.map(|value| String::from_utf8_lossy(&value.bytes).into_owned()).unwrap_or_default();
        assert!(!value.contains("hunter2"), "{value}");
    }
}

#[tokio::test]
async fn an_event_of_a_transaction_arrives_with_its_rows_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(Poll).start().await.unwrap();
    let run = engine.start(Poll, true).id("poll").await.unwrap();
    opened(&run).await;
    let rolled_back = engine.transaction(|tx| {
        tx.emit("poll", vote("nobody"))?;
        Err::<(), _>(Error::msg("no"))
    });
    rolled_back.await.unwrap_err();
    let cast = engine.transaction(|tx| {
        tx.execute("CREATE TABLE votes (name TEXT)", [])?;
        for name in ["ann", "ben", "cid"] {
            tx.execute("INSERT INTO votes VALUES (?1)", [name])?;
            tx.emit("poll", vote(name))?;
        }
        let refused = tx.emit("poll", Inner).unwrap_err().to_string();
        Ok(refused)
    });
    assert!(cast.await.unwrap().contains("`Inner` does not come from outside"));
    assert_eq!(run.result().soon().await.unwrap(), counted(["ann", "ben", "cid"]));
}

/// A graph that reads the votes one by one, and fails once on the way. The last vote ends it.
struct Reading;

#[workflow]
impl Reading {
    #[step]
    async fn open(begin: Begin<bool>) -> Result<Option<Stop<String>>> {
        Ok((!*begin).then(|| Stop(String::new())))
    }

    #[step(retry(attempts = 2, backoff = "1ms"))]
    async fn read(vote: Vote, scope: &StepScope) -> Result<Option<Stop<String>>> {
        scope.stream(Inner).await?;
        scope.progress(1, 1);
        if vote.by == "ben" && scope.attempt == 1 {
            return Err(Error::msg("illegible"));
        }
        Ok((vote.by == "the last").then_some(Stop(vote.by)))
    }
}

#[tokio::test]
async fn events_from_outside_survive_every_fault() {
    let test = crash_everywhere(Reading, true).event(vote("ann")).event(vote("ben")).event(vote("the last"));
    let report = test.pause_at_each_commit().await;
    assert_eq!(report.results, 1);
}
