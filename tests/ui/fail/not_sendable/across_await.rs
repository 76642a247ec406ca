use std::rc::Rc;
use steadfast::prelude::*;

#[step]
async fn wait() -> Result<()> {
    let shared = Rc::new(1);
    std::future::ready(()).await;
    drop(shared);
    Ok(())
}

#[workflow]
async fn process(flow: &mut Flow) -> Result<()> {
    let shared = Rc::new(1);
    wait(flow).await?;
    drop(shared);
    Ok(())
}

fn main() {}
