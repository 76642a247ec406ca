#![allow(unused)]

use steadfast::prelude::*;

#[step]
async fn log(text: String) -> Result<()> {
    Ok(())
}

#[workflow]
async fn process(flow: &mut Flow) -> Result<()> {
    log(flow, "a".into());
    flow.sleep(Duration::from_secs(1));
    Ok(())
}

fn main() {}
