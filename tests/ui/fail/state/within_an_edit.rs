use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Progress {
    #[context(default)]
    total: u64,
}

#[step]
async fn nested(state: &State<Progress>, n: u64) -> Result<u64> {
    state.edit(|s| s.total += state.read()).await?;
    state.labelled("more").edit(|s| drop(state.edit(|s| s.total += n))).await?;
    Ok(n)
}

#[step]
async fn waiting(state: &State<Progress>, n: u64) -> Result<u64> {
    state.edit(async |s| s.total += n).await?;
    state.edit(|s| async { s.total += n }).await?;
    Ok(n)
}

fn main() {}
