//! The workflows that are measured.

use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use steadfast::prelude::*;
use steadfast::sql::params;

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Default)]
pub(crate) struct Small {
    pub(crate) id: u64,
    pub(crate) name: String,
}

#[step]
pub(crate) async fn small(id: u64) -> Result<Small> {
    Ok(Small { id, name: "a small struct".into() })
}

/// So many steps, one after the other.
#[workflow]
pub(crate) async fn sequence(flow: &mut Flow, steps: u64) -> Result<u64> {
    let mut sum = 0;
    for id in 0..steps {
        sum += small(&*flow, id).await?.id;
    }
    Ok(sum)
}

/// So many times eight steps at once.
#[workflow]
pub(crate) async fn eights(flow: &mut Flow, times: u64) -> Result<u64> {
    let mut sum = 0;
    for id in 0..times {
        let eight = (0..8).map(|n| small(&*flow, id * 8 + n));
        sum += futures_util::future::try_join_all(eight).await?.iter().map(|small| small.id).sum::<u64>();
    }
    Ok(sum)
}

/// So many steps, then a long sleep: it is replayed when the engine starts again.
#[workflow]
pub(crate) async fn sequence_then_wait(flow: &mut Flow, steps: u64) -> Result<u64> {
    for id in 0..steps {
        small(&*flow, id).await?;
    }
    never(&*flow).await?;
    Ok(0)
}

/// Told whenever [`never`] begins.
pub(crate) static BEGUN: Notify = Notify::const_new();

#[step]
pub(crate) async fn never() -> Result<()> {
    BEGUN.notify_one();
    std::future::pending().await
}

#[workflow]
pub(crate) async fn sleeper(flow: &mut Flow, hours: u64) -> Result<()> {
    flow.sleep(Duration::from_secs(3600 * hours)).await?;
    Ok(())
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Beside {
    pub(crate) large: Bytes,
    #[context(default)]
    pub(crate) small: u64,
}

/// So many updates of a small field beside one of a megabyte.
#[workflow(context = Beside)]
pub(crate) async fn updates(start: Start<Beside>, count: u64) -> Result<u64> {
    let large = Bytes::from(vec![7; 1_000_000]);
    let mut flow = start.with(Beside::builder().large(large).build()).await?;
    small(&flow, 0).await?;
    for _ in 0..count {
        flow.update(|c| c.small(c.small + 1)).await?;
        // What is updated becomes durable with the next step.
        small(&flow, 0).await?;
    }
    Ok(flow.small)
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Scanned {
    #[context(default, store = "blobs")]
    pub(crate) scan: Bytes,
}

/// How many bodies of held steps, and how many restore hooks, have begun.
pub(crate) static BODIES: AtomicU64 = AtomicU64::new(0);
pub(crate) static HOOKS: AtomicU64 = AtomicU64::new(0);

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Alone {
    #[context(default)]
    pub(crate) id: u64,
}

/// The same with a transient field.
#[derive(StepContext, Clone, Debug)]
pub(crate) struct WithLive {
    #[context(default)]
    pub(crate) id: u64,
    #[context(transient, restore = live)]
    pub(crate) live: u64,
}

#[allow(clippy::unused_async, reason = "a hook is async")]
async fn live(stored: &WithLiveStored, _resources: &Resources) -> Result<u64> {
    HOOKS.fetch_add(1, Ordering::SeqCst);
    Ok(stored.id)
}

#[step]
async fn hold(ctx: &Alone) -> Result<u64> {
    BODIES.fetch_add(1, Ordering::SeqCst);
    std::future::pending::<()>().await;
    Ok(ctx.id)
}

#[step]
async fn hold_live(ctx: &WithLive) -> Result<u64> {
    BODIES.fetch_add(1, Ordering::SeqCst);
    std::future::pending::<()>().await;
    Ok(ctx.id + ctx.live)
}

/// In the middle of a step, for ever.
#[workflow(context = Alone)]
pub(crate) async fn held(flow: &mut Flow<Alone>) -> Result<u64> {
    Ok(hold(flow).await?)
}

#[workflow(context = WithLive)]
pub(crate) async fn held_live(flow: &mut Flow<WithLive>) -> Result<u64> {
    Ok(hold_live(flow).await?)
}

#[derive(Message, Serialize, Deserialize)]
pub(crate) struct Ping {
    pub(crate) n: u64,
}

/// Receives so many messages.
#[workflow]
pub(crate) async fn listens(flow: &mut Flow, count: u64) -> Result<u64> {
    let mut sum = 0;
    for _ in 0..count {
        sum += flow.receive::<Ping>().await?.n;
    }
    Ok(sum)
}

/// Where the body says when it was woken.
pub(crate) static WOKEN: Mutex<Option<UnboundedSender<Instant>>> = Mutex::new(None);

/// The same, and says when each has come.
#[workflow]
pub(crate) async fn stamps(flow: &mut Flow, count: u64) -> Result<()> {
    for _ in 0..count {
        flow.receive::<Ping>().await?;
        woken();
    }
    Ok(())
}

/// A workflow has no clock of its own; what is measured is not part of what it does.
fn woken() {
    if let Some(woken) = &*WOKEN.lock().expect("a lock") {
        woken.send(Instant::now()).expect("the benchmark listens");
    }
}

#[workflow]
pub(crate) async fn leaf(flow: &mut Flow, n: u32) -> Result<u32> {
    let _ = small(&*flow, u64::from(n)).await?;
    Ok(n)
}

/// Starts so many runs and waits for all.
#[workflow]
pub(crate) async fn fans_out(flow: &mut Flow, children: u32) -> Result<u64> {
    let mut started = Vec::new();
    for n in 0..children {
        started.push(flow.start(leaf, n).await);
    }
    let results = futures_util::future::try_join_all(started).await?;
    Ok(results.into_iter().map(u64::from).sum())
}

#[transaction]
fn move_a_cent(tx: &mut Tx<'_>) -> Result<()> {
    for (id, cents) in [(1, -1), (2, 1)] {
        tx.execute("UPDATE accounts SET cents = cents + ?2 WHERE id = ?1", params![id, cents])?;
    }
    Ok(())
}

/// So many transactions, one after the other.
#[workflow]
pub(crate) async fn moves(flow: &mut Flow, count: u64) -> Result<()> {
    for _ in 0..count {
        move_a_cent(&*flow).await?;
    }
    Ok(())
}

/// Sleeps for hours and then says that it goes on.
#[workflow]
pub(crate) async fn naps(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::from_hours(1_000)).await?;
    woken();
    Ok(())
}

/// Where bodies say when they have begun.
pub(crate) static FIRST_BODIES: Mutex<Option<UnboundedSender<Instant>>> = Mutex::new(None);

#[step]
async fn begins() -> Result<()> {
    if let Some(begun) = &*FIRST_BODIES.lock().expect("a lock") {
        begun.send(Instant::now()).expect("the benchmark listens");
    }
    Ok(())
}

/// One step that says when it begins.
#[workflow]
pub(crate) async fn first_body(flow: &mut Flow) -> Result<()> {
    begins(&*flow).await?;
    Ok(())
}
