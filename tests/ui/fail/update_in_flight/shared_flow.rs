use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
}

#[workflow(context = Order)]
async fn process(flow: &Flow<Order>) -> Result<()> {
    flow.update(|c| c.total(1)).await?;
    Ok(())
}

fn main() {}
