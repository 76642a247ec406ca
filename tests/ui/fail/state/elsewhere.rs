use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Progress {
    #[context(default)]
    total: u64,
}

#[workflow(state = Progress)]
async fn sum(flow: &Flow, state: &State<Progress>) -> Result<u64> {
    Ok(0)
}

#[transaction]
fn book(tx: &mut Tx<'_>, state: &State<Progress>) -> Result<u64> {
    Ok(0)
}

fn main() {}
