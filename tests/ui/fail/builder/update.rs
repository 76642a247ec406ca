use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
    #[context(default)]
    total: u64,
    #[context(default)]
    lines: Vec<String>,
}

#[workflow(context = Order)]
async fn process(start: Start<Order>) -> Result<()> {
    let mut flow = start.with(Order::builder().id("o").build()).await?;
    flow.update(|c| c.totals(1)).await?;
    flow.update(|c| c.total("1")).await?;
    Ok(())
}

fn main() {}
