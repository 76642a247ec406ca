//! The spans of users' functions: `#[tracing::instrument]` beside an attribute of steadfast.

use super::Lines;
use limits::Soon as _;
use steadfast::prelude::*;
use tracing::instrument;

#[step]
#[instrument]
async fn weigh(grams: u32) -> Result<u32> {
    tracing::info!("on the scales");
    Ok(grams)
}

#[step(blocking)]
#[tracing::instrument(skip(grams), err)]
fn press(grams: u32) -> Result<u32> {
    Ok(grams)
}

#[step(name = "cool-down")]
#[instrument]
async fn cool(grams: u32) -> Result<u32> {
    Ok(grams)
}

#[step]
#[instrument(level = "info", name = "by_hand", skip_all)]
async fn polish(grams: u32) -> Result<u32> {
    Ok(grams)
}

#[workflow]
#[tracing::instrument(skip_all)]
async fn cast(flow: &mut Flow, grams: u32) -> Result<u32> {
    let grams = weigh(flow, grams).await?;
    let grams = press(flow, grams).await?;
    let grams = cool(flow, grams).await?;
    Ok(polish(flow, grams).await?)
}

struct Kiln;

#[workflow]
impl Kiln {
    #[step]
    #[instrument(skip_all)]
    async fn fire(begin: Begin<u32>) -> Result<Stop<u32>> {
        Ok(Stop(*begin))
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_span_of_a_function_has_the_name_of_its_step_or_workflow() {
    let lines = Lines::default();
    let _another = tracing::Dispatch::new(Lines::default());
    let _subscribed = tracing::subscriber::set_default(lines.clone());
    let engine = Engine::builder().in_memory().workflow(cast).workflow(Kiln).start().await.unwrap();
    assert_eq!(engine.start(cast, 7).await.unwrap().result().soon().await.unwrap(), 7);
    assert_eq!(engine.start(Kiln, 7).await.unwrap().result().soon().await.unwrap(), 7);
    for name in ["span weigh grams=7", "span cool-down grams=7", "span by_hand", "span cast", "span fire"] {
        assert!(!lines.with(&[name]).is_empty(), "no `{name}` in {:?}", lines.with(&["span"]));
    }
}

/// A blocking step runs on a thread of its own, which has no subscriber, so its function is called here.
#[test]
fn so_has_that_of_a_blocking_step() {
    let lines = Lines::default();
    let _another = tracing::Dispatch::new(Lines::default());
    tracing::subscriber::with_default(lines.clone(), || press::direct(7)).unwrap();
    assert_eq!(lines.with(&["span"]), ["span press"]);
}
