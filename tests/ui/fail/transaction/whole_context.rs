use steadfast::prelude::*;

fn main() {}

#[derive(StepContext, Clone)]
struct Order {
    seat: u32,
    #[context(transient)]
    cache: Vec<u8>,
}

#[transaction]
fn book(tx: &mut Tx<'_>, ctx: &Order) -> Result<u32> {
    Ok(ctx.seat)
}
