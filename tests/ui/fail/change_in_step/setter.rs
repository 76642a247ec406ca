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
async fn charge(ctx: &Order) -> Result<()> {
    ctx.total(1);
    ctx.update(|c| c.total(1)).await?;
    Ok(())
}

fn main() {}
