use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Progress {
    #[context(default)]
    total: u64,
}

#[workflow(state)]
async fn unfinished(flow: &Flow) -> Result<u64> {
    Ok(flow.random())
}

#[workflow(state = Progress, state = Progress)]
async fn twice(flow: &Flow) -> Result<u64> {
    Ok(flow.random())
}

#[workflow(states = Progress)]
async fn misspelt(flow: &Flow) -> Result<u64> {
    Ok(flow.random())
}

fn main() {}
