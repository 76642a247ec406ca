use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
    #[context(default)]
    lines: Vec<String>,
}

#[workflow(context = Order)]
async fn process(start: Start<Order>) -> Result<()> {
    let mut flow = start.with(Order::builder().build()).await?;
    flow.total = 5;
    flow.lines[0] += "more";
    let mut copy = Order::clone(&flow);
    copy.total = 5;
    flow.set(copy).await?;
    Ok(())
}

#[workflow(context = Order)]
async fn again(flow: &mut Flow<Order>) -> Result<()> {
    flow.total += 1;
    Ok(())
}

fn main() {}
