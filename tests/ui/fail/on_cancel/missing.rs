#![allow(unused)]

use steadfast::prelude::*;

#[workflow(on_cancel = release_all)]
async fn process(flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn main() {}
