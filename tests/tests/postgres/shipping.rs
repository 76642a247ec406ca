//! A workflow whose steps note their keys, for tests of fleets that meet trouble.

use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::time::Duration;
use steadfast::EngineBuilder;
use steadfast::prelude::*;
use steadfast::store::PgOptions;

/// A limit that is long for everything expected, and short for a test that hangs.
pub(crate) const LONG: Duration = Duration::from_mins(1);

#[derive(Message, Serialize, Deserialize)]
pub(crate) struct Go;

/// The idempotency key of each attempt, with its run.
static KEYS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

#[step]
async fn pack(n: u64) -> Result<u64> {
    let current = steadfast::current().expect("a step");
    let key = current.step().expect("a step").idempotency_key();
    KEYS.lock().expect("never poisoned").push((current.run_id().to_owned(), key));
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(n)
}

/// Packs once, waits for a message, and packs so many times more.
#[workflow]
pub(crate) async fn ship(flow: &mut Flow, more: u64) -> Result<u64> {
    pack(flow, 0).await?;
    flow.receive::<Go>().await?;
    for n in 0..more {
        pack(flow, n).await?;
    }
    Ok(more)
}

/// Returns the keys of the attempts of a run.
pub(crate) fn keys(run: &str) -> Vec<String> {
    let keys = KEYS.lock().expect("never poisoned");
    keys.iter().filter(|(of, _)| of == run).map(|(_, key)| key.clone()).collect()
}

pub(crate) fn builder(options: PgOptions) -> EngineBuilder {
    Engine::builder().postgres(options).lease_term(Duration::from_secs(1))
}

pub(crate) fn options(url: &str) -> PgOptions {
    PgOptions::new(url).expect("the URL is one")
}

pub(crate) async fn end(engine: Engine) {
    engine.shutdown(LONG).await.expect("an orderly end");
}
