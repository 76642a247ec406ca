use steadfast::prelude::*;

#[step]
fn not_async() -> Result<()> {
    Ok(())
}

#[step(blocking)]
async fn blocking_and_async() -> Result<()> {
    Ok(())
}

#[step]
async fn returns_nothing() {}

#[step]
async fn returns_no_result() -> u64 {
    5
}

#[step]
async fn returns_impl() -> impl Sized {
    5
}

#[step]
async fn generic<T>(value: T) -> Result<T> {
    Ok(value)
}

#[step]
struct Order;

struct Service;

impl Service {
    #[step]
    async fn method(&self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
