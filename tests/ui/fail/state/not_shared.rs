use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Progress {
    #[context(default)]
    total: u64,
}

#[step]
async fn alone(state: &mut State<Progress>) -> Result<u64> {
    Ok(state.edit(|s| s.total).await?)
}

#[step]
async fn owned(state: State<Progress>) -> Result<u64> {
    Ok(state.edit(|s| s.total).await?)
}

#[step]
async fn twice(state: &State<Progress>, other: &State) -> Result<u64> {
    other.set("total", &1).await?;
    Ok(state.edit(|s| s.total).await?)
}

fn main() {}
