#![allow(unused)]

use std::sync::Arc;
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
async fn plain(flow: Flow<Order>) -> Result<()> {
    Ok(())
}

#[step]
async fn borrowed(flow: &mut Flow<Order>) -> Result<()> {
    Ok(())
}

#[step]
async fn in_a_tuple(pair: (u8, Flow<Order>)) -> Result<()> {
    Ok(())
}

#[step]
async fn in_an_arc(flow: Arc<Flow<Order>>) -> Result<()> {
    Ok(())
}

fn main() {}
