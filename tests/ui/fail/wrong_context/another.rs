use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
    #[context(default)]
    total: u64,
    #[context(default)]
    lines: Vec<String>,
}

#[derive(StepContext, Clone)]
struct Parcel {
    #[context(default)]
    weight: u64,
}

#[step]
async fn weigh(ctx: &Parcel) -> Result<u64> {
    Ok(ctx.weight)
}

#[workflow(context = Order)]
async fn process(start: Start<Order>) -> Result<u64> {
    let flow = start.with(Order::builder().id("o").build()).await?;
    Ok(weigh(&flow).await?)
}

#[workflow]
async fn without(flow: &mut Flow) -> Result<u64> {
    Ok(weigh(flow).await?)
}

fn main() {}
