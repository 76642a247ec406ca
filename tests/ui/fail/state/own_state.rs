use steadfast::prelude::*;

/// Not the one of steadfast.
#[derive(StepContext, Clone)]
struct State {
    #[context(default)]
    total: u64,
}

#[step]
async fn count(state: &State) -> Result<u64> {
    Ok(state.total)
}

fn main() {}
