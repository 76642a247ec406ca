//! Untyped state: values with keys.

use super::Progress;
use bytes::Bytes;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::StateError;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::backend::Encoding;
use steadfast::testing::crash_everywhere;

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Cursor {
    page: u32,
}

#[tokio::test]
async fn missing_and_undecodable_are_told_apart() {
    let state = State::for_tests(());
    assert_eq!(state.get::<Cursor>("cursor").await, Ok(None));
    state.set("cursor", &Cursor { page: 3 }).await.unwrap();
    assert_eq!(state.get("cursor").await, Ok(Some(Cursor { page: 3 })));
    let other = state.get::<u32>("cursor").await.unwrap_err();
    assert!(matches!(&other, StateError::OtherType { key, .. } if key == "cursor"));
    let text = other.to_string();
    assert!(text.contains("`cursor`") && text.contains("expected `u32`, found `{\"page\":3}`"), "{text}");
    state.remove("cursor").await.unwrap();
    assert_eq!(state.get::<u32>("cursor").await, Ok(None));
    state.set("none", &None::<u32>).await.unwrap();
    assert_eq!(state.get::<Option<u32>>("none").await, Ok(Some(None)), "a value that says «nothing» is there");
}

/// Sets a value for a page. Page 2 is removed again.
#[step]
async fn take(state: &State, n: u32) -> Result<()> {
    state.set(&format!("page {n}"), &Bytes::from(vec![0, 255, u8::try_from(n)?])).await?;
    if n == 2 {
        state.remove("page 2").await?;
        state.set("last", &n).await?;
    }
    Ok(())
}

#[workflow]
async fn pages(flow: &Flow) -> Result<(Option<u32>, Vec<bool>)> {
    try_join!(take(flow, 1), take(flow, 2))?;
    let there = |n| Ok(flow.state_value::<Bytes>(&format!("page {n}"))?.is_some());
    let there: Vec<bool> = (1..=3).map(there).collect::<Result<_>>()?;
    Ok((flow.state_value("last")?, there))
}

#[tokio::test]
async fn keys_need_no_declaration_and_bytes_stay_raw() {
    let engine = Engine::builder().in_memory().workflow(pages).start().await.unwrap();
    let run = engine.start(pages, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (Some(2), vec![true, false, false]));
    assert_eq!(run.state_value::<Bytes>("page 1").await.unwrap(), Some(Bytes::from(vec![0, 255, 1])));
    assert_eq!(run.state_value::<Bytes>("page 2").await.unwrap(), None);
    let history = run.history().await.unwrap();
    assert!(history.iter().all(|entry| entry.kind != Kind::StateSet), "nothing is declared");
    let written = history.iter().flat_map(|entry| &entry.fields).find(|(name, _)| name == "key.page 1");
    assert_eq!(written.unwrap().1.encoding, Encoding::Bytes);
    assert_eq!(crash_everywhere(pages, ()).await.results, 1);
}

/// Changes typed and untyped state.
#[step]
async fn both(state: &State<Progress>, n: u64) -> Result<()> {
    state.edit(|s| s.total += n).await?;
    state.labelled("n").set("n", &n).await?;
    Ok(())
}

#[workflow(state = Progress)]
async fn beside(flow: &Flow) -> Result<(u64, Option<u64>)> {
    both(flow, 4).await?;
    both(flow, 5).await?;
    Ok((flow.state::<Progress>().total, flow.state_value("n")?))
}

#[tokio::test]
async fn keys_stand_beside_typed_state() {
    let engine = Engine::builder().in_memory().workflow(beside).start().await.unwrap();
    let run = engine.start(beside, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (9, Some(5)));
    assert_eq!(run.state::<Progress>().await.unwrap().unwrap().total, 9);
    assert_eq!(crash_everywhere(beside, ()).await.results, 1);
}
