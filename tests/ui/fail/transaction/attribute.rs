use steadfast::prelude::*;

fn main() {}

#[transaction(timeout = "1s", blocking, attempts = 3, time_limt = "1s")]
fn options(tx: &mut Tx<'_>) -> Result<u32> {
    Ok(1)
}

#[transaction(time_limit = "0ms", name = "", retry = 5)]
fn values(tx: &mut Tx<'_>) -> Result<u32> {
    Ok(1)
}

#[transaction]
fn no_result(tx: &mut Tx<'_>) {}

#[transaction]
struct NoFunction;
