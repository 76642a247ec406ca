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
async fn charge(ctx: &Order, cents: u64) -> Result<u64> {
    Ok(ctx.total + cents)
}

#[step]
async fn log(text: String) -> Result<()> {
    println!("{text}");
    Ok(())
}

#[step]
async fn both(ctx: &Order) -> Result<()> {
    charge(ctx, 5).await?;
    log(ctx, "charged".into()).await?;
    Ok(())
}

fn main() {}
