use steadfast::prelude::*;

fn main() {}

#[step]
async fn charge(cents: u64) -> Result<u64> {
    Ok(cents)
}

#[transaction]
fn other(tx: &mut Tx<'_>) -> Result<u32> {
    Ok(1)
}

#[transaction]
fn book(tx: &mut Tx<'_>) -> Result<u32> {
    let _ = charge(tx, 5);
    let _ = other(tx);
    tx.sleep(Duration::from_secs(1));
    Ok(1)
}
