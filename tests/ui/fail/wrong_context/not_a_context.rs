use steadfast::prelude::*;

struct Order {
    total: u64,
}

#[step]
async fn charge(order: &Order) -> Result<u64> {
    Ok(order.total)
}

#[workflow(context = Order)]
async fn process(start: Start<Order>) -> Result<u64> {
    let flow = start.with(Order { total: 1 }).await?;
    Ok(flow.total)
}

fn main() {}
