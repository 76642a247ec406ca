//! Workflows that several tests share.

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use steadfast::prelude::*;

/// The deeds of step bodies, by the name of a test: tests run in one process and must not see each other's.
static DONE: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);

/// The deeds of one test.
pub(crate) struct Tally(pub(crate) String);

impl Tally {
    pub(crate) fn new(test: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(format!("{test}-{}", NEXT.fetch_add(1, Ordering::SeqCst)))
    }

    /// Returns the deeds under a name that was passed on.
    pub(crate) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Returns the deeds under this name, in order.
    pub(crate) fn all(&self) -> Vec<String> {
        DONE.lock().unwrap().as_ref().and_then(|done| done.get(&self.0).cloned()).unwrap_or_default()
    }

    pub(crate) fn count(&self, deed: &str) -> usize {
        self.all().iter().filter(|done| *done == deed).count()
    }
}

/// Records a deed under a test's name, and returns how often it was done before.
pub(crate) fn deed(tally: &str, what: &str) -> usize {
    let mut done = DONE.lock().unwrap();
    let deeds = done.get_or_insert_default().entry(tally.to_owned()).or_default();
    let before = deeds.iter().filter(|done| *done == what).count();
    deeds.push(what.to_owned());
    before
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Counter {
    pub(crate) label: String,
    #[context(default)]
    pub(crate) total: u64,
    #[context(default)]
    pub(crate) seen: Vec<u64>,
}

#[step]
pub(crate) async fn add(n: u64) -> Result<u64> {
    Ok(n + 1)
}

#[step]
pub(crate) async fn look(ctx: &Counter) -> Result<u64> {
    Ok(ctx.total)
}

/// Runs one step and one update a round, and ends with the context that a step sees.
#[workflow(context = Counter)]
pub(crate) async fn count_up(start: Start<Counter>, rounds: u64) -> Result<u64> {
    let mut flow = start.with(Counter::builder().label("count").build()).await?;
    for round in 0..rounds {
        let n = add(&flow, round).await?;
        let update = flow.update(|c| {
            c.total(c.total + n);
            c.seen([c.seen.clone(), vec![n]].concat())
        });
        update.await?;
    }
    Ok(look(&flow).await? * 1_000 + u64::try_from(flow.seen.len())?)
}

#[step]
pub(crate) async fn fetch(from: String, part: u32) -> Result<String> {
    tokio::task::yield_now().await;
    Ok(format!("{from}-{part}"))
}

/// Runs two branches of several steps each, and a set of unordered ones.
#[workflow]
pub(crate) async fn shop(flow: &mut Flow, name: String) -> Result<Vec<String>> {
    let flow = &*flow;
    let branch = async |prefix: &str| -> Result<Vec<String>> {
        let mut parts = Vec::new();
        for part in 0..3 {
            parts.push(fetch(flow, format!("{prefix}/{name}"), part).await?);
        }
        Ok(parts)
    };
    let (left, right) = try_join!(branch("left"), branch("right"))?;
    let unordered: FuturesUnordered<_> = (10..13).map(|part| fetch(flow, name.clone(), part)).collect();
    let mut rest: Vec<String> = unordered.map(std::result::Result::unwrap_or_default).collect().await;
    rest.sort();
    Ok([left, right, rest].concat())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum CardError {
    Declined { code: u16 },
    Busy,
}

impl std::fmt::Display for CardError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for CardError {}

#[step(retry(attempts = 3, backoff = "1s", jitter = 0.0))]
pub(crate) async fn pay(cents: u64) -> Result<u64, CardError> {
    let attempt = steadfast::current().and_then(|current| current.step().map(|step| step.attempt)).unwrap_or(0);
    if cents == 13 {
        return Err(CardError::Declined { code: 51 });
    }
    if attempt < 2 { Err(CardError::Busy) } else { Ok(cents) }
}

/// Runs a step that is retried, and one that fails for good with a typed error on which the workflow decides.
#[workflow]
pub(crate) async fn stumbling(flow: &mut Flow, _tally: String) -> Result<u64> {
    let paid = pay(&*flow, 100).await?;
    match pay(&*flow, 13).await {
        Err(StepError::Failed(CardError::Declined { code }, attempts)) => {
            Ok(paid + u64::from(code) * 1_000 + attempts.failures.len() as u64 * 1_000_000)
        }
        other => Err(steadfast::Error::msg(format!("{other:?}"))),
    }
}

/// Sleeps for every length, including zero.
#[workflow]
pub(crate) async fn patient(flow: &mut Flow, days: u64) -> Result<u64> {
    let began = flow.now();
    flow.sleep(Duration::ZERO).await?;
    for day in 0..days {
        flow.sleep(Duration::from_hours(24)).await?;
        add(&*flow, day).await?;
    }
    flow.sleep_until(began).await?;
    Ok(flow.now().duration_since(began)?.as_secs() / 86_400)
}

/// Runs branches that wake each other through a channel and a lock, under tokio's rotating `join!`.
#[workflow]
pub(crate) async fn waking(flow: &mut Flow, n: u64) -> Result<Vec<u64>> {
    let flow = &*flow;
    let (tell, told) = tokio::sync::oneshot::channel();
    let order = tokio::sync::Mutex::new(Vec::new());
    let first = async {
        let sum = add(flow, n).await?;
        let _ = tell.send(sum);
        order.lock().await.push(1);
        Ok::<_, steadfast::Error>(())
    };
    let second = async {
        let sum = told.await?;
        let more = add(flow, sum).await?;
        order.lock().await.push(more);
        Ok(())
    };
    let third = async {
        add(flow, 100).await?;
        order.lock().await.push(3);
        Ok(())
    };
    let (a, b, c) = tokio::join!(first, second, third);
    a.and(b).and(c)?;
    Ok(order.into_inner())
}

/// Races a step against a sleep, and builds a call that is never polled.
#[workflow]
pub(crate) async fn racing(flow: &mut Flow, n: u64) -> Result<u64> {
    let flow = &*flow;
    drop(add(flow, 0));
    let mut slow = std::pin::pin!(async { fetch(flow, "slow".into(), 1).await }.fuse());
    let mut quick = std::pin::pin!(async { add(flow, n).await }.fuse());
    let winner = select_biased! {
        quick = quick => quick?,
        slow = slow => slow?.len() as u64 * 1_000,
    };
    add(flow, winner).await.map_err(Into::into)
}

pub(crate) static FLIP: AtomicBool = AtomicBool::new(false);

/// Takes another path each time it runs.
#[workflow]
pub(crate) async fn flipping(flow: &mut Flow, n: u64) -> Result<u64> {
    if FLIP.fetch_xor(true, Ordering::SeqCst) {
        flow.sleep(Duration::from_secs(1)).await?;
    }
    Ok(add(&*flow, n).await?)
}
