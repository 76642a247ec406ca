#![allow(unused)]

use steadfast::prelude::*;

struct Order {
    id: String,
}

#[step(queue = "gpu")]
async fn charge(order: &Order) -> Result<u32> {
    Ok(1)
}

fn main() {}
