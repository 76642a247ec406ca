use std::cell::Cell;
use steadfast::prelude::*;

struct Counter {
    count: Cell<u32>,
}

#[step]
async fn count(#[resource] counter: &Counter) -> Result<u32> {
    Ok(counter.count.get())
}

fn main() {}
