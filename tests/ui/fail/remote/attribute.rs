#![allow(unused)]

use steadfast::prelude::*;

#[step(queue = "")]
async fn empty() -> Result<u32> {
    Ok(1)
}

#[step(queue = 5)]
async fn number() -> Result<u32> {
    Ok(1)
}

#[step(queue)]
async fn word() -> Result<u32> {
    Ok(1)
}

#[step(queue = "gpu", queue = "cpu")]
async fn twice() -> Result<u32> {
    Ok(1)
}

#[transaction(queue = "gpu")]
fn in_a_commit(tx: &mut Tx<'_>) -> Result<u32> {
    Ok(1)
}

fn main() {}
