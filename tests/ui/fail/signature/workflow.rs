#![allow(unused)]

use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
}

#[workflow]
fn not_async(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow]
async fn no_handle() -> Result<()> {
    Ok(())
}

#[workflow(context = Order)]
async fn handle_by_value(flow: Flow<Order>) -> Result<()> {
    Ok(())
}

#[workflow]
async fn returns_nothing(flow: &mut Flow) {}

#[workflow]
async fn returns_no_result(flow: &mut Flow) -> u64 {
    5
}

#[workflow]
async fn two_inputs(flow: &mut Flow, name: String, age: u8) -> Result<()> {
    Ok(())
}

#[workflow]
async fn borrowed(flow: &mut Flow, name: &str) -> Result<()> {
    Ok(())
}

fn main() {}
