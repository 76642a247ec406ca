//! Secrets in shared state: stored only encrypted, sealed for their location in their run, and readable in its copies.

use bytes::Bytes;
use limits::Soon as _;
use std::sync::atomic::{AtomicBool, Ordering};
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineBuilder, ForkPoint, Key, ParkCause, RunError, Secret, StaticKeys};

const PLANTED: &str = "planted-hunter2-secret";

#[derive(StepContext, Clone)]
struct Tokens {
    #[context(default)]
    token: Option<Secret<String>>,
    #[context(default)]
    uses: u64,
}

static HELD: AtomicBool = AtomicBool::new(false);

/// Stores a token and returns it, and keeps a copy under a key.
#[step]
async fn issue(state: &State<Tokens>) -> Result<Secret<String>> {
    let given = state
        .edit(|s| {
            s.uses += 1;
            s.token = Some(Secret::new(PLANTED.to_owned()));
            s.token.clone()
        })
        .await?;
    let given = given.ok_or_else(|| Error::msg("no token"))?;
    state.set("copy", &given).await?;
    while HELD.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(given)
}

#[step]
async fn look(state: &State<Tokens>) -> Result<bool> {
    let now = state.read().await?;
    let copy = state.get::<Secret<String>>("copy").await?;
    let is_it = |found: Option<&Secret<String>>| found.is_some_and(|found| found.expose() == PLANTED);
    Ok(is_it(now.token.as_ref()) && is_it(copy.as_ref()) && now.uses == 1)
}

#[workflow(state = Tokens)]
async fn tokens(flow: &Flow) -> Result<bool> {
    let issued = issue(flow).await?;
    Ok(look(flow).await? && issued.expose() == PLANTED)
}

fn engine(store: &MemoryStore) -> EngineBuilder {
    Engine::builder().store(store.clone()).workflow(tokens)
}

fn keys() -> StaticKeys {
    StaticKeys::new(Key::new("k1", [7; 32]))
}

#[tokio::test]
async fn secrets_in_shared_state_are_sealed_and_go_along_with_a_fork_and_a_file() {
    let store = MemoryStore::new();
    assert!(engine(&store).start().await.is_err(), "there are no keys");
    let engine = engine(&store).keys(keys()).start().await.unwrap();
    HELD.store(true, Ordering::Relaxed);
    let run = engine.start(tokens, ()).id("t").await.unwrap();
    while run.state::<Tokens>().await.unwrap().is_none_or(|state| state.uses == 0)
        || run.state_value::<Secret<String>>("copy").await.unwrap().is_none()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.run");
    run.export(&file).await.unwrap();
    HELD.store(false, Ordering::Relaxed);
    assert!(run.result().soon().await.unwrap());
    for entry in run.history().await.unwrap() {
        for value in entry.value.iter().chain(entry.fields.iter().map(|(_, value)| value)) {
            assert!(!value.bytes.windows(PLANTED.len()).any(|part| part == PLANTED.as_bytes()), "{entry}");
        }
    }
    assert!(!Bytes::from(std::fs::read(&file).unwrap()).windows(PLANTED.len()).any(|part| part == PLANTED.as_bytes()));

    let fork = engine.fork("t", ForkPoint::before("look")).id("f").await.unwrap();
    assert!(engine.handle(tokens, fork.id()).await.unwrap().result().soon().await.unwrap());
    let elsewhere = Engine::builder().in_memory().workflow(tokens).keys(keys()).start().await.unwrap();
    let copy = elsewhere.import(&file).await.unwrap();
    assert!(
        elsewhere.handle(tokens, copy.id()).await.unwrap().result().soon().await.unwrap(),
        "its attempt got the token again"
    );
}

#[tokio::test]
async fn without_its_key_a_run_waits_for_it() {
    let store = MemoryStore::new();
    let first = engine(&store).keys(keys()).start().await.unwrap();
    first.start(tokens, ()).id("t").await.unwrap().result().soon().await.unwrap();
    first.fork("t", ForkPoint::before("look")).id("f").await.unwrap();
    first.shutdown(Duration::from_secs(5)).await.unwrap();
    let other = engine(&store).keys(StaticKeys::new(Key::new("k2", [8; 32]))).start().await.unwrap();
    match other.handle(tokens, "f").await.unwrap().result().soon().await {
        Ok(ended) => assert!(ended, "it had come so far before"),
        Err(RunError::Parked { reason, .. }) => assert_eq!(reason.cause, ParkCause::MissingKey, "{reason}"),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn sealed_state_survives_everything() {
    assert_eq!(crash_everywhere(tokens, ()).await.results, 1);
}
