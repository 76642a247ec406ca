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
    ctx.lines.push("charged".into());
    ctx.id.clear();
    Ok(())
}

fn main() {}
