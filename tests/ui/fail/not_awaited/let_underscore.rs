#![allow(unused)]

use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
}

#[step]
async fn log(text: String) -> Result<()> {
    Ok(())
}

#[workflow(context = Order)]
async fn process(start: Start<Order>) -> Result<()> {
    let _ = log(&start, "a".into());
    let mut flow = start.with(Order::builder().build()).await?;
    let _ = log(&flow, "a".into());
    let _ = flow.sleep(Duration::from_secs(1));
    let _ = flow.update(|c| c.total(1));
    let _ = log(&flow, "a".into()).await;
    Ok(())
}

fn main() {}
