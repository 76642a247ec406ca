use steadfast::prelude::*;

fn main() {}

#[transaction]
fn number(tx: &mut Tx<'_>) -> u32 {
    1
}
