use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Progress {
    #[context(default)]
    total: u64,
}

#[step]
async fn count(state: &State<Progress>) -> Result<u64> {
    let mut now = state.read().await?;
    now.total += 1;
    Ok(now.total)
}

fn main() {}
