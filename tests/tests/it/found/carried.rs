//! The fields of runs that begin with the history of another.

use super::{Order, Pay, Stage, has, ids, open, order, pay, sleeps};
use crate::place::Place;
use crate::runs::wait_for;
use crate::tests_on;
use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::{ForkPoint, Status};

tests_on!(file, memory, postgres: forks_and_rewinds_have_the_fields_of_their_point, a_fresh_journal_keeps_the_fields);

async fn forks_and_rewinds_have_the_fields_of_their_point(place: Place) {
    let engine = open(&place).await;
    engine.start(order, "ada".to_owned()).id("a").soon().await.unwrap();
    sleeps(&engine, "a").await;
    pay(&engine, "a", 500).await;
    has(&engine, "a", "stage=Paid").await;
    let paid = engine.run("a").soon().await.unwrap().history().soon().await.unwrap();
    let paid = paid.iter().rfind(|entry| entry.kind == steadfast::history::Kind::MessageReceived).unwrap().seq;
    let fork = engine.fork("a", ForkPoint::after_entry(1)).id("f").soon().await.unwrap();
    has(&engine, fork.id(), "stage=Paid").await;
    engine.run("a").soon().await.unwrap().pause(steadfast::Pause::Drain).soon().await.unwrap();
    wait_for(&engine.run("a").soon().await.unwrap(), Status::Paused).await;
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();

    // The copies do not run here: so they have what their first commit has.
    let engine = place.builder().workflow(idle).start().soon().await.unwrap();
    engine.fork("a", ForkPoint::after_entry(paid)).id("g").soon().await.unwrap();
    has(&engine, "g", "stage=New").await;
    engine.rewind("a", ForkPoint::after_entry(paid)).soon().await.unwrap();
    let found = engine.find(idle).by(|o| o.stage.eq(Stage::New)).soon().await.unwrap();
    assert_eq!(ids(found), ["a", "g"]);
}

/// Has the name of the other, and never gets to its context.
#[workflow(name = "order", context = Order)]
async fn idle(start: Start<Order>, _customer: String) -> Result<u64> {
    std::future::pending::<()>().await;
    drop(start);
    Ok(0)
}

/// Goes on with a fresh journal once it is paid.
#[workflow(context = Order)]
async fn again(start: Start<Order>, customer: String) -> Result<u64> {
    let mut flow = start.with_continued_or(|| Order::builder().customer(customer.clone()).build()).await?;
    let Pay(cents) = flow.receive().await?;
    if flow.stage == Stage::New {
        flow.update(|o| o.stage(Stage::Paid)).await?;
        return flow.continue_as_new(again, customer).await;
    }
    Ok(cents)
}

async fn a_fresh_journal_keeps_the_fields(place: Place) {
    let engine = place.builder().workflow(again).start().soon().await.unwrap();
    let run = engine.start(again, "ada".to_owned()).id("a").soon().await.unwrap();
    sleeps(&engine, "a").await;
    pay(&engine, "a", 1).await;
    let found = async || ids(engine.find(again).by(|o| o.stage.eq(Stage::Paid)).soon().await.unwrap());
    has(&engine, "a", "stage=Paid").await;
    pay(&engine, "a", 2).await;
    assert_eq!(run.result().soon().await.unwrap(), 2);
    assert!(found().await.contains(&"a".to_owned()));
    let next = engine.start(again, "bob".to_owned()).continuing("a").id("b").soon().await.unwrap();
    has(&engine, "b", "customer=ada").await;
    pay(&engine, "b", 3).await;
    assert_eq!(next.result().soon().await.unwrap(), 3);
}

/// Tests that the file of a run has its fields, and that they are those of its entries.
#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_a_run_brings_its_fields() {
    let (from, to) = (Place::file().unwrap(), Place::memory().unwrap());
    let (file, engine) = (from.folder().join("a.run"), open(&from).await);
    engine.start(order, "ada".to_owned()).id("a").soon().await.unwrap();
    sleeps(&engine, "a").await;
    pay(&engine, "a", 500).await;
    has(&engine, "a", "stage=Paid").await;
    sleeps(&engine, "a").await;
    engine.run("a").soon().await.unwrap().export(&file).soon().await.unwrap();
    let other = to.builder().workflow(order).start().soon().await.unwrap();
    other.import(&file).id("copy").soon().await.unwrap();
    let found = other.find(order).by(|o| o.stage.eq(Stage::Paid)).by(|o| o.customer.eq("ada")).soon().await.unwrap();
    assert_eq!(ids(found), ["copy"]);
}
