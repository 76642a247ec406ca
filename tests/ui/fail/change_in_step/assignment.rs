#![allow(unused)]

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
async fn charge(ctx: &Order, cents: u64) -> Result<()> {
    ctx.total = cents;
    ctx.total += 1;
    ctx.lines[0] = String::new();
    let lines = &mut ctx.lines;
    lines.clear();
    Ok(())
}

fn main() {}
