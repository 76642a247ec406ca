//! Changed code: a step that moves to another queue, and a key function that no longer fits.

use crate::place::{ENDING, Place, on_both};
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{Queue, Status};

#[step(name = "crop", queue = "images")]
async fn crop_before(width: u32) -> Result<u32> {
    Ok(width / 2)
}

#[workflow(name = "cropping")]
async fn cropping_before(flow: &mut Flow) -> Result<u32> {
    Ok(crop_before(flow, 8).await?)
}

#[step(queue = "large images")]
async fn crop(width: u32) -> Result<u32> {
    Ok(width / 2)
}

#[workflow]
async fn cropping(flow: &mut Flow) -> Result<u32> {
    Ok(crop(flow, 8).await?)
}

on_both! {
    async fn a_call_that_waits_moves_to_the_new_queue_of_its_step(place: Place) {
        let before = place.builder().workflow(cropping_before).start().await.unwrap();
        let run = before.start(cropping_before, ()).id("c").await.unwrap();
        until(async || !run.status().await.unwrap().waits_for.is_empty()).await;
        before.shutdown(ENDING).await.unwrap();
        let worker = place.builder().serve("large images", 1).step::<crop>().start().await.unwrap();
        let engine = place.builder().workflow(cropping).start().await.unwrap();
        assert_eq!(engine.handle(cropping, "c").await.unwrap().result().soon().await.unwrap(), 4);
        assert_eq!(place.tasks(), 0);
        for engine in [worker, engine] {
            engine.shutdown(ENDING).await.unwrap();
        }
    }
}

#[derive(Serialize, Deserialize, Message)]
struct Go;

#[workflow]
async fn cropping_and_waiting(flow: &mut Flow) -> Result<u32> {
    let width = crop(flow, 8).await?;
    flow.receive::<Go>().await?;
    Ok(width)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_has_ended_needs_no_key_in_a_replay() {
    let place = Place::file();
    let keyed = Queue::new("large images").key(|(width,): &(u32,)| width % 2);
    let engine = place.builder().queue(keyed).workflow(cropping_and_waiting).serve("large images", 1).step::<crop>();
    let engine = engine.start().await.unwrap();
    let run = engine.start(cropping_and_waiting, ()).id("c").await.unwrap();
    until(async || run.history().await.unwrap().last().is_some_and(|last| last.kind == Kind::ReceiveStarted)).await;
    engine.shutdown(ENDING).await.unwrap();
    // The new declaration knows another type of arguments only.
    let keyed = Queue::new("large images").key(|(name,): &(String,)| name.clone());
    let engine = place.builder().queue(keyed).workflow(cropping_and_waiting).start().await.unwrap();
    let run = engine.handle(cropping_and_waiting, "c").await.unwrap();
    run.send(Go).await.unwrap();
    let end = run.result().soon().await;
    assert_eq!(run.status().await.unwrap().status, Status::Completed);
    assert_eq!(end.unwrap(), 4);
    engine.shutdown(ENDING).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_and_has_no_key_any_more_parks_its_run() {
    let place = Place::file();
    let keyed = || Queue::new("large images").key(|(width,): &(u32,)| width % 2);
    let engine = place.builder().queue(keyed()).workflow(cropping).start().await.unwrap();
    let run = engine.start(cropping, ()).id("c").await.unwrap();
    until(async || !run.status().await.unwrap().waits_for.is_empty()).await;
    engine.shutdown(ENDING).await.unwrap();
    let other = Queue::new("large images").key(|(name,): &(String,)| name.clone());
    let engine = place.builder().queue(other).workflow(cropping).start().await.unwrap();
    let run = engine.run("c").await.unwrap();
    until(async || run.status().await.unwrap().status == Status::Parked).await;
    let why = run.status().await.unwrap().parked.expect("a reason").to_string();
    assert!(why.contains("step `crop`") && why.contains("Fix the declaration of the queue"), "{why}");
    engine.shutdown(ENDING).await.unwrap();
    let engine = place.builder().queue(keyed()).workflow(cropping).serve("large images", 1).step::<crop>();
    let engine = engine.start().await.unwrap();
    assert_eq!(engine.handle(cropping, "c").await.unwrap().result().soon().await.unwrap(), 4);
    engine.shutdown(ENDING).await.unwrap();
}
