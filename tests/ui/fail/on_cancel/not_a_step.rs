#![allow(unused)]

use steadfast::prelude::*;

async fn release_all(reason: String) -> Result<()> {
    Ok(())
}

#[workflow(on_cancel = release_all)]
async fn process(flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn main() {}
