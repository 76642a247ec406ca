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
async fn charge(ctx: &mut Order) -> Result<()> {
    ctx.total = 1;
    Ok(())
}

fn main() {}
