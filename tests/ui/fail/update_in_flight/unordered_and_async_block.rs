use futures_util::stream::FuturesUnordered;
use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
}

#[step]
async fn charge(ctx: &Order) -> Result<u64> {
    Ok(ctx.total)
}

#[workflow(context = Order)]
async fn unordered(flow: &mut Flow<Order>) -> Result<()> {
    let calls = FuturesUnordered::new();
    calls.push(charge(flow));
    flow.update(|c| c.total(1)).await?;
    drop(calls);
    Ok(())
}

#[workflow(context = Order)]
async fn block(flow: &mut Flow<Order>) -> Result<()> {
    let charged = async { charge(flow).await };
    flow.update(|c| c.total(1)).await?;
    charged.await?;
    Ok(())
}

#[workflow(context = Order)]
async fn inside_update(flow: &mut Flow<Order>) -> Result<()> {
    flow.update(|c| c.total(flow.total + 1)).await?;
    Ok(())
}

fn main() {}
