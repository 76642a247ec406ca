use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Progress {
    #[context(default)]
    total: u64,
    #[context(transient)]
    cache: std::sync::Arc<std::sync::Mutex<u64>>,
}

#[workflow(state = Progress)]
async fn sum(flow: &Flow) -> Result<u64> {
    Ok(flow.random())
}

fn main() {}
