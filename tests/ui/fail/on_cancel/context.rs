#![allow(unused)]

use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
}

#[derive(StepContext, Clone)]
struct Another {
    #[context(default)]
    total: u64,
}

#[step]
async fn release_all(ctx: &Order, reason: String) -> Result<()> {
    Ok(())
}

#[workflow(context = Another, on_cancel = release_all)]
async fn process(flow: &mut Flow<Another>) -> Result<()> {
    Ok(())
}

fn main() {}
