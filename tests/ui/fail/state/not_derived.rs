use steadfast::prelude::*;

#[derive(Clone, Default)]
struct Progress {
    total: u64,
}

#[workflow(state = Progress)]
async fn sum(flow: &Flow) -> Result<u64> {
    Ok(flow.random())
}

#[step]
async fn count(state: &State<u64>) -> Result<u64> {
    Ok(state.get("total").await?.unwrap_or(0))
}

fn main() {}
