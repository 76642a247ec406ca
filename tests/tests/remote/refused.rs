//! Tasks that an engine cannot run, and engines that cannot start.

use crate::place::{ENDING, Place, on_both};
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Run, WaitsFor};

/// Returns why an engine refused the step of a run.
async fn refusal(run: &Run) -> Option<String> {
    let waits = run.status().await.unwrap().waits_for;
    waits.into_iter().find_map(|wait| match wait.for_what {
        WaitsFor::Queue { refused, .. } => refused,
        _ => None,
    })
}

#[derive(Serialize, Deserialize, Clone, Debug)]
struct Size {
    width: u32,
    height: u32,
}

#[step(queue = "images")]
async fn resize(size: Size) -> Result<u32> {
    Ok(size.width * size.height)
}

#[workflow]
async fn resizing(flow: &mut Flow) -> Result<u32> {
    Ok(resize(flow, Size { width: 2, height: 3 }).await?)
}

/// The step as an older build has it.
mod older {
    use super::{Deserialize, Result, Serialize, step};

    #[derive(Serialize, Deserialize, Clone, Debug)]
    pub(super) struct Size {
        pixels: u32,
    }

    #[step(queue = "images")]
    pub(super) async fn resize(size: Size) -> Result<u32> {
        Ok(size.pixels)
    }
}

on_both! {
    async fn a_task_whose_arguments_another_build_reads_waits_for_it(place: Place) {
        let engine = place.builder().workflow(resizing).start().await.unwrap();
        let old = place.builder().serve("images", 1).step::<older::resize>().start().await.unwrap();
        let run = engine.start(resizing, ()).await.unwrap();
        until(async || refusal(&run).await.is_some()).await;
        let why = refusal(&run).await.unwrap();
        assert!(why.contains("argument") && why.contains("pixels"), "{why}");
        assert!(run.history().await.unwrap().iter().all(|entry| entry.kind.as_str() != "attempt_failed"));
        let new = place.builder().serve("images", 1).step::<resize>().start().await.unwrap();
        old.shutdown(ENDING).await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), 6);
        new.shutdown(ENDING).await.unwrap();
    }
}

#[derive(StepContext, Clone, Debug)]
struct Album {
    title: String,
}

#[step(queue = "images")]
async fn cover(album: &Album) -> Result<String> {
    Ok(album.title.to_uppercase())
}

#[workflow(context = Album)]
async fn binding(start: Start<Album>) -> Result<String> {
    let flow = start.with(Album::builder().title("sea".to_owned()).build()).await?;
    Ok(cover(&flow).await?)
}

/// The context as an older build has it.
mod before {
    use super::{Result, StepContext, step};

    #[derive(StepContext, Clone, Debug)]
    pub(super) struct Album {
        title: u32,
    }

    #[step(queue = "images")]
    pub(super) async fn cover(album: &Album) -> Result<String> {
        Ok(album.title.to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_context_another_build_reads_waits_for_it() {
    let place = Place::file();
    let engine = place.builder().workflow(binding).start().await.unwrap();
    let old = place.builder().serve("images", 1).step::<before::cover>().start().await.unwrap();
    let run = engine.start(binding, ()).await.unwrap();
    until(async || refusal(&run).await.is_some()).await;
    let why = refusal(&run).await.unwrap();
    assert!(why.starts_with("step `cover` cannot have its context `Album` here: "), "{why}");
    assert!(why.contains("title"), "{why}");
    old.shutdown(ENDING).await.unwrap();
    let new = place.builder().serve("images", 1).step::<cover>().start().await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), "SEA");
    new.shutdown(ENDING).await.unwrap();
}

struct Gpu;

#[step(queue = "images")]
async fn render(#[resource] _gpu: &Gpu) -> Result<u32> {
    Ok(1)
}

#[step]
async fn local() -> Result<u32> {
    Ok(1)
}

#[workflow]
async fn nearby(flow: &mut Flow) -> Result<u32> {
    Ok(local(flow).await?)
}

async fn error(builder: EngineBuilder) -> String {
    builder.start().await.expect_err("it does not start").to_string()
}

#[tokio::test]
async fn an_engine_that_could_run_nothing_of_what_it_serves_does_not_start() {
    let new = || Engine::builder().in_memory().workflow(nearby);
    let told = [
        error(new().serve("images", 1).step::<render>()).await,
        error(Engine::builder().in_memory().serve("images", 1)).await,
        error(new().step::<resize>()).await,
        error(new().serve("images", 0).step::<resize>()).await,
        error(new().serve("images", 1).serve("images", 2).step::<resize>()).await,
        error(new().serve("images", 1).step::<resize>().step::<older::resize>()).await,
        error(new().serve("images", 1).step::<resize>().step::<local>()).await,
        error(new().client().serve("images", 1).step::<resize>()).await,
    ];
    let expected = [
        "step `render` takes resource `Gpu`, which is not registered",
        "the engine serves queue `images`, and has nothing that waits there: add `.step::<..>()`",
        "step `resize` waits in queue `images`, which this engine does not serve: add `.serve(\"images\", 4)`",
        "queue `images` is served with no slot",
        "queue `images` is served twice",
        "two steps of queue `images` are named `resize`",
        "step `local` has no queue, so it runs where its workflow does: write `#[step(queue = \"..\")]`",
        "a client runs nothing, so it cannot serve queue `images`",
    ];
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told}");
    }
}
