#![allow(unused)]

use steadfast::prelude::*;

#[step]
async fn greet(name: &str) -> Result<()> {
    Ok(())
}

#[step]
async fn sum(first: u64, others: &[u64]) -> Result<()> {
    Ok(())
}

#[step]
async fn show(first: u64, other: &String, value: impl std::fmt::Debug) -> Result<()> {
    Ok(())
}

fn main() {}
