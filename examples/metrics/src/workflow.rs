//! Orders to be watched: each waits in a queue, and has steps that take a while and fail now and then.

use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{Queue, Tick};

/// The queue of orders.
const ORDERS: &str = "orders";

/// Declares the queue of orders: at most 8 at once, which keep their room while they wait for another attempt.
pub fn orders_queue() -> Queue {
    Queue::new(ORDERS).total(8).held()
}

/// What is known of an order.
#[derive(Clone, StepContext)]
pub struct Order {
    number: u32,
    paid: bool,
}

/// Charges the customer. Every fifth charge fails the first time.
#[step(retry(attempts = 3, backoff = "20ms"))]
async fn charge(order: &Order, scope: &StepScope) -> Result<()> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    if order.number.is_multiple_of(5) && scope.attempt == 1 {
        return Err(Error::msg("the bank is busy"));
    }
    Ok(())
}

/// Packs the goods.
#[step]
async fn pack(order: &Order) -> Result<u32> {
    tokio::time::sleep(Duration::from_millis(u64::from(order.number % 20))).await;
    Ok(order.number)
}

/// Fulfils one order.
#[workflow(context = Order)]
pub async fn fulfil(start: Start<Order>, number: u32) -> Result<u32> {
    let mut flow = start.with(Order::builder().number(number).paid(false).build()).await?;
    charge(&flow).await?;
    flow.update(|order| order.paid(true)).await?;
    Ok(pack(&flow).await?)
}

/// Counts the stock, at the times of a schedule.
#[workflow]
pub async fn count(flow: &mut Flow, tick: Tick) -> Result<String> {
    flow.sleep(Duration::from_millis(1)).await;
    Ok(tick.schedule)
}
