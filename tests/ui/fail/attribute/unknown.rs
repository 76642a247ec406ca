#![allow(unused)]

use steadfast::prelude::*;

#[derive(StepContext, Clone)]
#[context(nam = "order")]
struct Order {
    #[context(defualt)]
    total: u64,
    #[context(transient)]
    db: u64,
    #[context(default, default = 2)]
    twice: u64,
}

#[step(timeuot = "30s", retries = 5, attempts = 3)]
async fn charge() -> Result<()> {
    Ok(())
}

#[step(retry(attempts = 5, back_off = "1s"), retry(attempts = 3))]
async fn retried() -> Result<()> {
    Ok(())
}

#[workflow(contxt = Order, name)]
async fn process(flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn main() {}
