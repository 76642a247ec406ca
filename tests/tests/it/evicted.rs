//! Evicted runs wake at their due time, whenever messages arrive.

use futures_util::future::join_all;
use limits::{Dice, Soon as _};
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

#[derive(Message, Serialize, Deserialize)]
struct Question;

#[derive(Message, Serialize, Deserialize)]
struct Note(u64);

/// Asks a question that gets no answer, then counts the messages that arrived meanwhile.
#[workflow]
async fn asks(flow: &mut Flow, millis: u64) -> Result<u64> {
    let answer = flow.request::<Question, Note>(Question).within(Duration::from_millis(millis));
    assert!(answer.await?.is_none());
    let mut told = 0;
    while let Some(note) = flow.try_receive::<Note>() {
        told += note.0;
    }
    Ok(told)
}

/// Each run is alone in its engine, so that no timer of another run wakes it by accident.
#[tokio::test(flavor = "multi_thread")]
async fn an_evicted_run_wakes_at_its_due_time_whenever_messages_arrive() {
    let mut dice = Dice::seeded(1);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lanes = (0..16).map(|lane| {
        let waits = (0..20).map(|_| [50, 60, 60].map(|bound| dice.below(bound))).collect::<Vec<_>>();
        let builder = Engine::builder().sqlite(folder.path().join(format!("{lane}.db"))).evict_after(Duration::ZERO);
        async move {
            let engine = builder.workflow(asks).start().await.unwrap();
            for [limit, first, second] in waits {
                let run = engine.start(asks, limit).await.unwrap();
                for wait in [first, second] {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    // It may have ended.
                    let _ = run.send(Note(1)).await;
                }
                run.result().soon().await.unwrap();
            }
        }
    });
    join_all(lanes.collect::<Vec<_>>()).await;
}
