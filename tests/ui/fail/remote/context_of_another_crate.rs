use steadfast::prelude::*;

#[step(queue = "gpu")]
async fn charge(order: &std::num::NonZeroU32) -> Result<u32> {
    Ok(order.get())
}

fn main() {}
