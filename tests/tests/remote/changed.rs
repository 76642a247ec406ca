//! Changed code: a step that moves to another queue.

use crate::place::{ENDING, Place, on_both};
use limits::{Soon as _, until};
use steadfast::prelude::*;

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
