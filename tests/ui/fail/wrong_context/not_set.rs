use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
    #[context(default)]
    total: u64,
    #[context(default)]
    lines: Vec<String>,
}

#[step]
async fn charge(ctx: &Order) -> Result<u64> {
    Ok(ctx.total)
}

#[workflow(context = Order)]
async fn process(start: Start<Order>) -> Result<u64> {
    Ok(charge(&start).await?)
}

fn main() {}
