//! Runs that continue another with its shared state.

use super::soon;
use steadfast::prelude::*;

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Tally {
    #[context(default)]
    words: u64,
    #[context(default)]
    names: Vec<String>,
}

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Other {
    #[context(default)]
    n: u64,
}

#[derive(StepContext, Clone)]
struct Context {
    #[context(default)]
    round: u64,
}

#[step]
async fn add(state: &State<Tally>, name: String) -> Result<u64> {
    state.set("last", &name).await?;
    Ok(state
        .edit(|tally| {
            tally.words += 1;
            tally.names.push(name);
            tally.words
        })
        .await?)
}

#[workflow(context = Context, state = Tally)]
async fn counts(flow: &mut Flow<Context>, name: String) -> Result<(u64, u64)> {
    flow.update(|c| c.round(c.round + 1)).await?;
    let before = flow.state::<Tally>().words;
    let after = add(&*flow, name).await?;
    Ok((before, after))
}

#[workflow(context = Context, state = Other)]
async fn otherwise(flow: &mut Flow<Context>) -> Result<(u64, u64)> {
    flow.update(|c| c.round(c.round + 1)).await?;
    Ok((flow.round, flow.state::<Other>().n))
}

#[workflow(context = Context)]
async fn without(flow: &mut Flow<Context>) -> Result<u64> {
    flow.update(|c| c.round(c.round + 1)).await?;
    Ok(flow.round)
}

fn builder() -> steadfast::EngineBuilder {
    Engine::builder().workflow(counts).workflow(otherwise).workflow(without)
}

#[tokio::test]
async fn shared_state_is_carried_over_to_a_run_that_continues_another() {
    let engine = builder().in_memory().start().await.unwrap();
    let first = engine.start(counts, "a".into()).id("first").await.unwrap();
    assert_eq!(soon("the result", first.result()).await.unwrap(), (0, 1));
    let second = engine.start(counts, "b".into()).id("second").continuing("first").await.unwrap();
    assert_eq!(soon("the result", second.result()).await.unwrap(), (1, 2), "it goes on with the state of the first");
    let tally = second.state::<Tally>().await.unwrap().unwrap();
    assert_eq!(tally, Tally { words: 2, names: vec!["a".into(), "b".into()] });
    assert_eq!(second.state_value::<String>("last").await.unwrap().as_deref(), Some("b"));
    // The first run is unchanged, and may be deleted.
    assert_eq!(first.state::<Tally>().await.unwrap().unwrap().words, 1);
    engine.run("first").await.unwrap().delete().await.unwrap();
    let third = engine.start(counts, "c".into()).id("third").continuing("second").await.unwrap();
    assert_eq!(soon("the result", third.result()).await.unwrap(), (2, 3));
    let same = engine.start(counts, "c".into()).id("third").continuing("second").await.unwrap();
    assert!(!same.is_new());
}

#[tokio::test]
async fn another_type_of_state_begins_with_its_defaults_and_the_keys_stay() {
    let engine = builder().in_memory().start().await.unwrap();
    let first = engine.start(counts, "a".into()).id("first").await.unwrap();
    soon("the result", first.result()).await.unwrap();
    let other = engine.start(otherwise, ()).id("other").continuing("first").await.unwrap();
    assert_eq!(soon("the result", other.result()).await.unwrap(), (2, 0));
    assert_eq!(other.state::<Other>().await.unwrap(), Some(Other { n: 0 }));
    assert_eq!(other.state_value::<String>("last").await.unwrap().as_deref(), Some("a"));
    let without = engine.start(without, ()).id("without").continuing("other").await.unwrap();
    assert_eq!(soon("the result", without.result()).await.unwrap(), 3);
    assert_eq!(without.state_value::<String>("last").await.unwrap().as_deref(), Some("a"));
}
