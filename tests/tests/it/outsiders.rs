//! The outputs of runs: published values and streams, from workflows and from steps (case O12).

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{EngineError, Message};

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[step(retry(attempts = 3))]
async fn chatty(scope: &StepScope, items: u32) -> Result<u32> {
    let stream = steadfast::stream::<u32>("items");
    for n in 0..items {
        stream.write(&n).await?;
        if n == items / 2 && scope.attempt == 1 {
            return Err(Error::msg("half-way"));
        }
    }
    Ok(items)
}

#[workflow]
async fn talks(flow: &mut Flow, items: u32) -> Result<u32> {
    flow.publish("phase", &"begun".to_owned());
    let spoken = chatty(&*flow, items).await?;
    flow.publish("phase", &"spoken".to_owned());
    flow.receive::<Go>().await?;
    flow.stream("items").write(&u32::MAX);
    flow.stream::<u32>("items").close();
    flow.stream("items").write(&7_u32);
    flow.receive::<Go>().await?;
    Ok(spoken)
}

async fn read_all(mut reader: steadfast::StreamReader<u32>) -> Vec<(u64, u32)> {
    let mut read = Vec::new();
    while let Some(item) = reader.next().soon().await.unwrap() {
        read.push(item);
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_each_item_once_for_every_reader_from_any_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(talks).start().await.unwrap();
    let run = engine.start(talks, 1_000).await.unwrap();
    assert_eq!(run.published::<String>("phase").soon().await.unwrap(), "begun");
    let early = tokio::spawn(read_all(run.stream("items")));
    let mut patient = run.stream::<u32>("items").after(999);
    assert_eq!(patient.next().soon().await.unwrap(), Some((1_000, 999)));
    assert_eq!(patient.try_next().await.unwrap(), None, "it is not there yet");
    run.send(Go).await.unwrap();
    let items = early.await.unwrap();
    assert_eq!(patient.try_next().await.unwrap(), Some((1_001, u32::MAX)));
    assert_eq!(patient.try_next().await.unwrap(), None, "it is closed");
    assert_eq!(patient.next().soon().await.unwrap(), None);
    let mut expected: Vec<u32> = (0..1_000).collect();
    expected.push(u32::MAX);
    assert_eq!(items.iter().map(|(_, item)| *item).collect::<Vec<_>>(), expected, "the second attempt repeats nothing");
    assert_eq!(items.iter().map(|(cursor, _)| *cursor).collect::<Vec<_>>(), (1..=1_001).collect::<Vec<_>>());
    assert_eq!(read_all(run.stream("items").after(999)).await, [(1_000, 999), (1_001, u32::MAX)]);
    assert_eq!(engine.published::<String>(run.id(), "phase").soon().await.unwrap(), "spoken");
    run.send(Go).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 1_000);
    assert!(read_all(run.stream("other")).await.is_empty(), "the end of the run is the end of its streams");
    let error = run.published::<String>("other").soon().await.unwrap_err();
    assert!(error.to_string().contains("has not published `other`"), "{error}");
    let error = run.published::<u64>("phase").soon().await.unwrap_err();
    assert!(matches!(error, EngineError::Value { .. }), "{error}");
}

#[workflow]
async fn many(flow: &mut Flow, items: u32) -> Result<()> {
    let stream = flow.stream("items");
    for n in 0..items {
        stream.write(&n);
        if n % 100 == 0 {
            flow.sleep(Duration::ZERO).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_slow_reader_gets_all_of_5_000_items() {
    let engine = Engine::builder().in_memory().workflow(many).start().await.unwrap();
    let run = engine.start(many, 5_000).await.unwrap();
    let mut reader = run.stream::<u32>("items");
    let first = reader.next().soon().await.unwrap().unwrap();
    run.result().soon().await.unwrap();
    let rest = read_all(reader).await;
    assert_eq!((first, rest.len(), rest.last().copied()), ((1, 0), 4_999, Some((5_000, 4_999))));
}

#[tokio::test]
async fn a_stream_outside_of_a_step_says_so() {
    let error = steadfast::stream::<u32>("items").write(&1).await.unwrap_err();
    assert!(error.to_string().contains("runs in no step"), "{error}");
}
