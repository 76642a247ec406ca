//! Every macro of steadfast, in a crate that knows it as `durable`.

use durable::prelude::*;
use durable::sql::params;
use serde::{Deserialize, Serialize};

/// A context with fields of every kind.
#[derive(StepContext, Clone, Debug)]
#[context(crate = "durable", name = "order")]
pub struct Order {
    /// Required.
    pub customer: String,
    /// With a default.
    #[context(default)]
    pub cents: u64,
    /// Transient.
    #[context(transient, default = 3)]
    pub tries: u8,
}

/// A step with a context.
///
/// # Errors
/// None.
#[step(crate = "durable", retry(attempts = 2))]
pub async fn price(ctx: &Order, count: u64) -> Result<u64> {
    Ok(count * u64::from(ctx.tries))
}

/// A transaction.
///
/// # Errors
/// The table cannot be written.
#[transaction(crate = "durable")]
pub fn book(tx: &mut Tx<'_>, cents: u64) -> Result<()> {
    tx.execute("CREATE TABLE IF NOT EXISTS bookings (cents INTEGER)", [])?;
    tx.execute("INSERT INTO bookings VALUES (?1)", params![cents.to_string()])?;
    Ok(())
}

/// A message to a run.
#[derive(Message, Serialize, Deserialize, Debug)]
#[message(crate = "durable")]
pub struct Go;

/// A workflow.
///
/// # Errors
/// A step failed.
#[workflow(crate = "durable", context = Order)]
pub async fn process(start: Start<Order>, count: u64) -> Result<u64> {
    let mut flow = start.with(Order::builder().customer("ada").build()).await?;
    let Ok(Go) = flow.receive::<Go>().await;
    let cents = price(&flow, count).await?;
    flow.update(|order| order.cents(cents)).await?;
    book(&flow, cents).await?;
    Ok(flow.cents)
}

/// An event.
#[derive(Event, Clone, Debug)]
#[event(crate = "durable")]
pub struct Page {
    /// The number of the page.
    pub number: u64,
}

/// A page, or the end.
#[derive(Events)]
#[events(crate = "durable")]
pub enum Next {
    /// Another page.
    Page(Page),
    /// The end.
    Stop(Stop<u64>),
}

/// An event-driven workflow.
pub struct Count;

#[workflow(crate = "durable")]
impl Count {
    #[step]
    async fn begin(begin: Begin<u64>) -> Result<Page> {
        Ok(Page { number: *begin })
    }

    #[step]
    async fn turn(page: Page) -> Result<Next> {
        Ok(if page.number < 3 { Next::Page(Page { number: page.number + 1 }) } else { Stop(page.number).into() })
    }
}
