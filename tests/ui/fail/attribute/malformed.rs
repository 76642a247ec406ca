#![allow(unused)]

use steadfast::prelude::*;

#[derive(StepContext, Clone)]
#[context]
struct Bare {
    #[context(default = )]
    a: u8,
    #[context("default")]
    b: u8,
    #[context = "default"]
    c: u8,
    #[context(default(5))]
    d: u8,
    #[context(name = "e")]
    e: u8,
}

#[step("30s")]
async fn literal() -> Result<()> {
    Ok(())
}

#[step(retry, timeout, name)]
async fn words() -> Result<()> {
    Ok(())
}

#[step(retry(attempts, backoff("1s"), 5))]
async fn inner() -> Result<()> {
    Ok(())
}

#[workflow(context, name = 5)]
async fn workflow(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(Order)]
async fn forgotten_word(start: Start<Bare>) -> Result<()> {
    Ok(())
}

#[workflow(context = )]
async fn no_type(flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn main() {}
