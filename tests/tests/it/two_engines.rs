//! Two engines on one database: what one writes, the other's runs hear of (case D7).

use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Message, RunError};

#[derive(Message, Serialize, Deserialize)]
struct Note(u64);

#[derive(Message, Serialize, Deserialize)]
struct Question;

#[workflow]
async fn listens(flow: &mut Flow, notes: u64) -> Result<Vec<u64>> {
    let mut heard = Vec::new();
    for _ in 0..notes {
        heard.push(flow.receive::<Note>().await?.0);
    }
    Ok(heard)
}

#[workflow]
async fn asks(flow: &mut Flow) -> Result<u64> {
    Ok(flow.request::<Question, Note>(Question).await?.0)
}

#[workflow]
async fn sends(flow: &mut Flow, to: String) -> Result<()> {
    for n in 0..5 {
        flow.send(to.clone(), Note(n)).await?;
    }
    Ok(())
}

fn builder(place: &Place) -> EngineBuilder {
    let builder = place.builder().workflow(listens).workflow(asks).workflow(sends);
    builder.evict_after(Duration::from_millis(50))
}

crate::tests_on!(file, postgres:
    a_run_hears_what_is_sent_answered_and_cancelled_through_the_other_engine,
    two_idle_engines_take_nothing_over_from_each_other,
);

async fn a_run_hears_what_is_sent_answered_and_cancelled_through_the_other_engine(place: Place) {
    let (a, b) = (builder(&place).start().await.unwrap(), builder(&place).start().await.unwrap());
    let soon = Duration::from_secs(5);
    for idle in [0, 200] {
        let run = a.start(listens, 5).await.unwrap();
        // In memory, or evicted.
        tokio::time::sleep(Duration::from_millis(idle)).await;
        for n in 0..5 {
            b.send(run.id(), Note(n)).await.unwrap();
        }
        assert_eq!(tokio::time::timeout(soon, run.result()).await.unwrap().unwrap(), [0, 1, 2, 3, 4]);

        let run = a.start(listens, 5).await.unwrap();
        tokio::time::sleep(Duration::from_millis(idle)).await;
        let sender = b.start(sends, run.id().to_owned()).await.unwrap();
        tokio::time::timeout(soon, sender.result()).await.unwrap().unwrap();
        assert_eq!(tokio::time::timeout(soon, run.result()).await.unwrap().unwrap(), [0, 1, 2, 3, 4]);

        let run = a.start(asks, ()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(idle)).await;
        crate::steps::until_asked(async || b.requests().await.unwrap().len() == 1).await;
        b.answer(&b.requests().await.unwrap()[0].id, Note(7)).await.unwrap();
        assert_eq!(tokio::time::timeout(soon, run.result()).await.unwrap().unwrap(), 7);

        let run = a.start(listens, 1).await.unwrap();
        b.run(run.id()).await.unwrap().cancel("enough").await.unwrap();
        let error = tokio::time::timeout(soon, run.result()).await.unwrap().unwrap_err();
        assert!(matches!(error, RunError::Cancelled { .. }), "{error}");
    }
}

async fn two_idle_engines_take_nothing_over_from_each_other(place: Place) {
    let term = Duration::from_secs(2);
    let open = || async { builder(&place).lease_term(term).start().await.unwrap() };
    let engines = (open().await, open().await);
    let leases = || {
        let rows = place.rows("SELECT number, owner, epoch, beat FROM steadfast_leases ORDER BY number");
        let row = |mut row: Vec<Option<String>>| {
            let heartbeat: i64 = row.pop().unwrap().unwrap().parse().unwrap();
            (row, heartbeat)
        };
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let before = leases();
    assert_eq!(before.len(), 2);
    tokio::time::sleep(term * 7 / 2).await;
    let after = leases();
    for ((holder, heartbeat), (later, newer)) in before.iter().zip(&after) {
        assert_eq!(holder, later, "a healthy engine was taken over");
        assert!(newer > heartbeat, "it shows that it lives");
    }
    assert_eq!(after.len(), 2);
    drop(engines);
}
