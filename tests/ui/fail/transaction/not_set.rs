use steadfast::prelude::*;

fn main() {}

#[derive(StepContext, Clone)]
struct Order {
    seat: u32,
}

#[transaction]
fn book(tx: &mut Tx<'_>, ctx: &Order) -> Result<u32> {
    Ok(ctx.seat)
}

#[workflow]
async fn without(flow: &mut Flow) -> Result<u32> {
    Ok(book(flow).await?)
}
