//! Contexts, steps and workflows of a strictly linted crate.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

/// The status of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// The order is new.
    #[default]
    New,
    /// The order is paid.
    Paid,
}

/// The context of an order.
#[derive(StepContext, Clone, Debug)]
pub struct OrderContext {
    /// The workspace that owns the order.
    pub workspace_id: String,
    /// The price in cents.
    pub cents: u64,
    /// The current status.
    #[context(default)]
    pub status: Status,
    /// The name of the worker.
    #[context(default = "nobody")]
    pub worker: String,
    /// The number of tries.
    #[context(default = 3)]
    pub tries: u8,
    /// The receipt.
    #[context(default)]
    pub receipt: Bytes,
    /// The kind of the order.
    #[context(default = Some("plain".to_owned()))]
    pub r#type: Option<String>,
    #[context(default)]
    secret: u128,
}

/// A context without fields.
#[derive(StepContext, Clone, Debug, Default)]
pub struct Nothing;

/// A context whose fields all have defaults.
#[derive(StepContext, Clone, Debug)]
pub struct Optional {
    /// A number.
    #[context(default)]
    pub number: u64,
}

impl OrderContext {
    /// Returns the secret.
    pub const fn secret(&self) -> u128 {
        self.secret
    }

    /// Returns a copy with another secret.
    #[must_use]
    pub fn with_secret(&self, secret: u128) -> Self {
        self.with(|context| context.secret(secret).tries(context.tries + 1).cents(context.cents))
    }
}

/// Charges the order.
///
/// # Errors
/// Nothing to charge.
#[step(retry(attempts = 5, backoff = "200ms", factor = 1.5, max_backoff = "1m", jitter = 0, unless = is_final), timeout = "30s")]
pub async fn charge(context: &OrderContext, mut cents: u64, (left, right): (u8, u8), _: String) -> Result<u64> {
    cents += u64::from(left) + u64::from(right);
    tokio::task::yield_now().await;
    if cents == 0 { Err(Terminal::msg("nothing to charge").into()) } else { Ok(cents + context.cents) }
}

fn is_final(error: &Error) -> bool {
    error.to_string().is_empty()
}

/// Makes a receipt.
///
/// # Errors
/// Never.
#[step(blocking, name = "print")]
pub fn receipt(context: &OrderContext, name: String) -> Result<Bytes> {
    Ok(Bytes::from(format!("{name}: {}", context.cents)))
}

/// Greets without a context.
///
/// # Errors
/// Never.
#[step]
pub async fn greet(name: String) -> Result<String> {
    tokio::task::yield_now().await;
    Ok(format!("hello {name}"))
}

/// Adds many arguments.
///
/// # Errors
/// Never.
#[step]
pub async fn many(a1: u8, a2: u8, a3: u8, a4: u8, a5: u8, a6: u8, a7: u8) -> Result<u8> {
    tokio::task::yield_now().await;
    Ok(a1 + a2 + a3 + a4 + a5 + a6 + a7)
}

/// Processes an order.
///
/// # Errors
/// A step failed.
#[workflow(context = OrderContext)]
pub async fn process(start: Start<OrderContext>, (name, cents): (String, u64)) -> Result<Bytes> {
    let name = greet(&start, name).await?;
    let mut flow = start.with(OrderContext::builder().workspace_id("ws-1").cents(cents).build()).await?;
    let (cents, receipt) = try_join!(charge(&flow, cents, (1, 2), name.clone()), receipt(&flow, name))?;
    flow.update(|context| context.cents(cents).status(Status::Paid).tries(context.tries - 1)).await?;
    flow.sleep(Duration::from_mins(1)).await?;
    Ok(receipt)
}

/// Counts, with a mutable flow as its parameter.
///
/// # Errors
/// A step failed.
#[workflow(context = Optional, name = "counter")]
pub async fn count(flow: &mut Flow<Optional>) -> Result<u64> {
    many(flow, 1, 2, 3, 4, 5, 6, 7).await?;
    flow.update(|context| context.number(context.number + 1)).await?;
    Ok(flow.number)
}

/// Sleeps, with a shared flow as its parameter.
///
/// # Errors
/// Never.
#[workflow]
pub async fn nothing(flow: &Flow) -> Result<()> {
    flow.sleep(Duration::from_secs(1)).await?;
    Ok(())
}
