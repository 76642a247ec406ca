//! Readers of runs, for programs: they are streams, their items can be serialized, and their options parsed.

use futures_util::{FutureExt as _, StreamExt, TryStreamExt as _};
use limits::Soon as _;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{Activity, ActivityKind, EngineError, RunEvent, Status};

#[derive(Event, Clone, Debug, PartialEq)]
struct Page {
    number: u32,
}

#[step]
async fn reads(scope: &StepScope, to: u32) -> Result<()> {
    for number in 1..=to {
        scope.stream(Page { number }).await?;
    }
    Ok(())
}

#[workflow]
async fn counts(flow: &mut Flow, to: u32) -> Result<()> {
    let stream = flow.stream("numbers");
    (1..=to).for_each(|number| stream.write(&number));
    Ok(reads(flow, to).await?)
}

#[tokio::test]
async fn readers_are_streams_that_end_with_the_run() {
    let engine = Engine::builder().in_memory().workflow(counts).start().await.unwrap();
    let run = engine.start(counts, 600).await.unwrap();
    let numbers: Vec<(u64, u32)> = run.stream("numbers").try_collect().soon().await.unwrap();
    assert!(numbers.iter().map(|(_, number)| *number).eq(1..=600));
    let pages: Vec<(u64, Page)> = run.events().try_collect().soon().await.unwrap();
    assert!(pages.iter().map(|(_, page)| page.number).eq(1..=600));
    let activity: Vec<Activity> = run.activity().try_collect().soon().await.unwrap();
    assert!(matches!(activity.last().unwrap().kind, ActivityKind::RunEnded { status: Status::Completed, .. }));
    let all: Vec<(u64, RunEvent<Page>)> = run.events().with_activity().try_collect().soon().await.unwrap();
    assert_eq!(all.iter().filter(|(_, seen)| matches!(seen, RunEvent::Event(_))).count(), 600);
    assert_eq!(all.len(), 600 + activity.len());
}

#[tokio::test]
async fn a_read_of_a_stream_that_is_dropped_loses_nothing() {
    let engine = Engine::builder().in_memory().workflow(counts).start().await.unwrap();
    let run = engine.start(counts, 20).await.unwrap();
    run.result().soon().await.unwrap();
    let (mut reader, mut read) = (run.stream::<u32>("numbers"), Vec::new());
    while read.len() < 20 {
        // Starts a read and drops it at any point. Then reads the same reader as a stream, or with its own method.
        let begun = StreamExt::next(&mut reader).now_or_never().flatten();
        read.extend(begun.map(Result::unwrap));
        let next = if read.len() % 2 == 0 { reader.next().soon().await } else { reader.try_next().soon().await };
        read.extend(next.unwrap());
    }
    assert!(read.into_iter().eq((1..=20).map(|number| (u64::from(number), number))));
}

#[tokio::test]
async fn what_is_read_can_be_serialized_without_its_secrets() {
    let engine = Engine::builder().in_memory().workflow(counts).start().await.unwrap();
    let run = engine.start(counts, 1).id("one").await.unwrap();
    run.result().soon().await.unwrap();
    let info = serde_json::to_value(run.status().await.unwrap()).unwrap();
    assert_eq!((&info["id"], &info["status"], &info["parked"]), (&"one".into(), &"completed".into(), &().into()));
    assert!(info["started_at"].as_i64().is_some_and(|millis| millis > 1_700_000_000_000));
    let history = serde_json::to_value(run.history().await.unwrap()).unwrap();
    assert_eq!((&history[0]["kind"], &history[0]["value"]), (&"run_started".into(), &1.into()));
    let activity: Vec<Activity> = run.activity().try_collect().soon().await.unwrap();
    let activity = serde_json::to_value(activity).unwrap();
    assert_eq!(activity[0]["kind"]["RunStarted"]["workflow"], "counts");
}

#[test]
fn words_are_parsed_or_refused_with_what_was_expected() {
    assert!(Status::ALL.iter().all(|status| status.as_str().parse() == Ok(*status)));
    assert!(Kind::ALL.iter().all(|kind| kind.as_str().parse() == Ok(*kind)));
    let error = "run".parse::<Status>().unwrap_err().to_string();
    assert!(error.starts_with("expected the status of a run (running, sleeping,") && error.ends_with("found \"run\""));
    assert_eq!("x".parse::<Kind>().unwrap_err().to_string(), "expected the kind of an entry of a journal, found \"x\"");
}

#[tokio::test]
async fn errors_keep_what_caused_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not-a-database.db");
    std::fs::write(&path, [7; 4096]).unwrap();
    let error = Engine::builder().sqlite(&path).workflow(counts).start().await.map(drop).unwrap_err();
    assert!(matches!(error, EngineError::Store(_)));
    assert!(std::error::Error::source(&error).is_some());
}
