use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Progress {
    #[context(default)]
    total: u64,
}

struct Seen(u64);

#[step]
async fn unstorable(state: &State<Progress>) -> Result<u64> {
    let seen = state.edit(|s| Seen(s.total)).await?;
    Ok(seen.0)
}

fn main() {}
