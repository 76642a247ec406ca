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

#[workflow]
async fn not_named(start: Start<Order>) -> Result<()> {
    Ok(())
}

#[workflow(context = Order)]
async fn not_carried(start: Start) -> Result<()> {
    Ok(())
}

#[workflow(context = Order)]
async fn another(start: Start<u64>) -> Result<()> {
    Ok(())
}

fn main() {}
