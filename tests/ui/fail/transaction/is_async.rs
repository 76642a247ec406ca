use steadfast::prelude::*;

fn main() {}

#[transaction]
async fn book(tx: &mut Tx<'_>, seat: u32) -> Result<u32> {
    other().await?;
    Ok(seat)
}

#[transaction]
fn later(tx: &mut Tx<'_>) -> Result<u32> {
    other().await
}

async fn other() -> Result<u32> {
    Ok(1)
}
