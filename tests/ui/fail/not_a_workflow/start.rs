#![allow(unused)]

use steadfast::prelude::*;
use steadfast::Startable;

async fn process(flow: Flow) -> Result<()> {
    Ok(())
}

#[step]
async fn charge() -> Result<()> {
    Ok(())
}

fn start<M, F: Startable<M>>(_: F) {}

fn main() {
    start(process);
    start(charge);
}
