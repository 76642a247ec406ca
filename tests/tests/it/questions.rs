//! Requests that cannot be stored, and answers that cannot arrive: an error for the waiting workflow, at once and in
//! every replay.

use crate::runs::wait_for;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::testing::crash_everywhere;
use steadfast::{Message, Status};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);

#[derive(Debug, Message, Serialize, Deserialize)]
struct Measure(f64);

#[derive(Debug, Message, Serialize, Deserialize)]
struct Reply(u32);

/// Asks questions that cannot be stored, with and without a time limit.
#[workflow]
async fn asks(flow: &mut Flow, rounds: u32) -> Result<u32> {
    let mut refused = 0;
    for _ in 0..rounds {
        let asked = flow.request::<Measure, Reply>(Measure(f64::NAN)).await;
        let limited = flow.request::<Measure, Reply>(Measure(f64::NAN)).within(Duration::from_hours(1)).await;
        for error in [asked.map(drop).unwrap_err(), limited.map(drop).unwrap_err()] {
            assert!(error.to_string().contains("cannot be stored") && error.to_string().contains("NaN"), "{error}");
        }
        refused += 2;
        flow.publish("refused", &refused);
    }
    Ok(refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_cannot_be_stored_is_an_error_to_who_asks() {
    let engine = Engine::builder().in_memory().workflow(asks).start().await.unwrap();
    let run = engine.start(asks, 200).await.unwrap();
    assert_eq!(timeout(LONG, run.result()).await.expect("an end").unwrap(), 400);
    assert!(engine.requests().await.unwrap().is_empty());
    let report = crash_everywhere(asks, 2).await;
    println!("{report:?}");
}

/// Continues as new with the id of a question that was refused.
#[workflow]
async fn goes_on(flow: &mut Flow, refused: Option<String>) -> Result<String> {
    let Some(refused) = refused else {
        let asked = flow.request::<Measure, Reply>(Measure(f64::INFINITY));
        let id = asked.id();
        let _ = asked.await.map(drop).unwrap_err();
        return flow.continue_as_new(goes_on, Some(id)).await;
    };
    Ok(flow.answer_to::<Reply>(refused).await.unwrap_err().to_string())
}

/// Waits for the answers to questions that were never asked, and to one whose answer was already received.
#[workflow]
async fn waits(flow: &mut Flow, asked: Option<String>) -> Result<Vec<String>> {
    let Some(asked) = asked else {
        let request = flow.request::<Measure, Reply>(Measure(1.0));
        let id = request.id();
        let (mut request, mut go) = (request.within(Duration::from_hours(1)), flow.receive::<Reply>());
        select_biased! { answer = request => panic!("{answer:?}"), go = go => { go?; } };
        return flow.continue_as_new(waits, Some(id)).await;
    };
    let mut said = Vec::new();
    for id in ["never", "", &asked, &asked] {
        said.push(match flow.answer_to::<Reply>(id).await {
            Ok(Reply(answer)) => answer.to_string(),
            Err(error) => error.to_string(),
        });
    }
    flow.receive::<Reply>().await?;
    Ok(said)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_question_that_is_not_open_is_an_error() {
    let store = MemoryStore::new();
    let open = || Engine::builder().store(store.clone()).workflow(waits).workflow(goes_on).start();
    let engine = open().await.unwrap();
    let run = engine.start(waits, None).id("w").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    let request = engine.requests().await.unwrap().pop().unwrap();
    engine.send("w", Reply(0)).await.unwrap();
    let gone_on = async {
        while engine.run("w").await.unwrap().number() == run.number() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, gone_on).await.expect("it goes on");
    engine.answer(&request.id, Reply(7)).await.unwrap();
    wait_for(&engine.run("w").await.unwrap(), Status::Sleeping).await;
    engine.shutdown(LONG).await.unwrap();

    let engine = open().await.unwrap();
    engine.send("w", Reply(0)).await.unwrap();
    let said = timeout(LONG, engine.handle(waits, "w").await.unwrap().result()).await.expect("an end").unwrap();
    assert_eq!(said[2], "7");
    for (said, id) in said.iter().zip(["never", "", "-", request.id.as_str()]).filter(|(_, id)| *id != "-") {
        assert!(said.contains(&format!("request {id}")) && said.contains("is not open"), "{said}");
    }
    let said = timeout(LONG, engine.start(goes_on, None).await.unwrap().result()).await.expect("an end").unwrap();
    assert!(said.contains("is not open"), "{said}");
}
