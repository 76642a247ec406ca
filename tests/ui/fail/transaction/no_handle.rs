use steadfast::prelude::*;

fn main() {}

#[transaction]
fn nothing() -> Result<u32> {
    Ok(1)
}

#[transaction]
fn second(seat: u32, tx: &mut Tx<'_>) -> Result<u32> {
    Ok(seat)
}

#[transaction]
fn shared(tx: &Tx<'_>) -> Result<u32> {
    Ok(1)
}

#[transaction]
fn owned(tx: Tx<'_>) -> Result<u32> {
    Ok(1)
}
