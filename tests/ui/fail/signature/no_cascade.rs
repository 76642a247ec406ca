use steadfast::prelude::*;
use std::sync::Mutex;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
    #[context(defualt)]
    total: u64,
    lock: std::sync::Arc<Mutex<u64>>,
}

#[step(timeout = "30")]
async fn charge(ctx: &mut Order, name: &str) -> Result<u64> {
    ctx.total = 5;
    Ok(ctx.total)
}

#[workflow(context = Order)]
async fn process(start: Start<Order>) -> Result<u64> {
    let mut flow = start.with(Order::builder().id("o").total(1).lock(Default::default()).build()).await?;
    flow.update(|c| c.total(c.total + 1)).await?;
    Ok(charge(&flow, "name").await?)
}

fn main() {}
