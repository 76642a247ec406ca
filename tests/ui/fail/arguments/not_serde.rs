#![allow(unused)]

use steadfast::prelude::*;

struct Money(u64);

#[step]
async fn charge(price: Money) -> Result<()> {
    Ok(())
}

#[step]
async fn price() -> Result<Money> {
    Ok(Money(1))
}

#[workflow]
async fn process(flow: &mut Flow, price: Money) -> Result<Money> {
    Ok(price)
}

fn main() {}
