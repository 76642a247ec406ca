//! Names of ours under other names, and nothing imported that is not used.

use steadfast::{Flow as Handle, Result as Outcome, StepContext as Context, step as durable, workflow as process};

#[derive(Context, Clone)]
struct Order {
    #[context(default = Self::FIRST)]
    total: u64,
    #[context(default)]
    next: Option<Box<Leaf>>,
}

#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Leaf(u8);

impl Order {
    const FIRST: u64 = 7;
}

type OrderFlow = Handle<Order>;
type OrderStart = steadfast::Start<Order>;

#[durable]
async fn charge(order: &crate::Order, cents: u64) -> Outcome<u64> {
    Ok(order.total + cents)
}

#[process(context = crate::Order)]
async fn with_flow(flow: &mut OrderFlow) -> Outcome<u64> {
    flow.update(|order| order.total(order.total + 1).next(order.next.clone())).await?;
    Ok(charge(flow, 5).await?)
}

#[process(context = Order)]
async fn with_start(start: OrderStart) -> Outcome<u64> {
    let flow = start.with(Order::builder().build()).await?;
    Ok(charge(&flow, 5).await?)
}

fn takes<M, F: steadfast::Startable<M>>(_: F) {}

fn main() {
    takes(with_flow);
    takes(with_start);
    assert_eq!(Order::builder().build().total, 7);
}
