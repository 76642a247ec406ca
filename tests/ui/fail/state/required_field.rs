use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Progress {
    total: u64,
}

#[step]
async fn count(state: &State<Progress>) -> Result<u64> {
    Ok(state.edit(|s| s.total).await?)
}

#[workflow(state = Progress)]
async fn sum(flow: &Flow) -> Result<u64> {
    Ok(count(flow).await?)
}

fn main() {}
