use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
    #[context(default)]
    total: u64,
    #[context(default)]
    lines: Vec<String>,
}

#[workflow(context = Order)]
async fn process(flow: &mut Flow<Order>) -> Result<u64> {
    Ok(flow.total)
}

fn main() {}
