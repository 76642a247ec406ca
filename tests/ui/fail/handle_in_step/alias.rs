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

type Handle = Flow<Order>;

#[step]
async fn argument(handle: Handle) -> Result<()> {
    Ok(())
}

#[step]
async fn context(handle: &Handle) -> Result<()> {
    Ok(())
}

fn main() {}
