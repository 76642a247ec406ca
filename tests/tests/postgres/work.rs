//! A workflow that tests give work to, and the engines for it.

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::store::{PgOptions, StoreError};
use steadfast::{EngineBuilder, RunHandle};

/// The time that an engine may take to end.
pub(crate) const ENDING: Duration = Duration::from_secs(20);

#[derive(Serialize, Deserialize, Clone, Debug, Message)]
pub(crate) struct Number(pub(crate) u64);

#[step]
async fn double(n: u64) -> Result<u64> {
    Ok(n * 2)
}

/// Adds twice the numbers that it is sent, to the first zero.
#[workflow]
pub(crate) async fn doubling(flow: &mut Flow) -> Result<u64> {
    let mut sum = 0;
    loop {
        match flow.receive::<Number>().await?.0 {
            0 => return Ok(sum),
            n => sum += double(flow, n).await?,
        }
    }
}

pub(crate) fn builder<O>(options: O) -> EngineBuilder
where
    O: TryInto<PgOptions>,
    StoreError: From<O::Error>,
{
    Engine::builder().postgres(options).lease_term(Duration::from_secs(2)).workflow(doubling)
}

/// Sends numbers and the zero after them, and checks the result.
pub(crate) async fn doubles(run: &RunHandle<u64, steadfast::Error>, numbers: &[u64], expected: u64) {
    for n in numbers.iter().chain(&[0]) {
        run.send(Number(*n)).soon().await.expect("sent");
    }
    assert_eq!(run.result().soon().await.expect("a result"), expected);
}
