#![allow(unused)]

use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
}

#[derive(StepContext, Clone)]
struct Totals {
    #[context(default)]
    sum: u64,
}

#[step(queue = "gpu")]
async fn with_the_session(order: &Order, session: &Session) -> Result<u32> {
    Ok(1)
}

#[step(queue = "gpu")]
async fn with_state(state: &State<Totals>) -> Result<u32> {
    Ok(1)
}

#[step(queue = "gpu")]
async fn with_the_handle(flow: &mut Flow<Order>) -> Result<u32> {
    Ok(1)
}

fn main() {}
