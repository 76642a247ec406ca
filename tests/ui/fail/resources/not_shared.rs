use std::cell::Cell;
use std::rc::Rc;
use steadfast::prelude::*;

struct Counter {
    count: Cell<u32>,
}

#[step]
async fn count(#[resource] counter: &Counter) -> Result<u32> {
    Ok(counter.count.get())
}

#[workflow(resources(Rc<u8>))]
async fn counting(flow: &mut Flow) -> Result<u32> {
    Ok(count(flow).await?)
}

fn main() {}
