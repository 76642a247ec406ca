#![allow(unused)]

use steadfast::prelude::*;

#[step]
async fn release_all(reason: String) -> Result<()> {
    Ok(())
}

#[step]
async fn without_reason() -> Result<()> {
    Ok(())
}

#[workflow(on_cancel = [])]
async fn empty(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(on_cancel = [release_all, "refund"])]
async fn text(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(on_cancel = [release_all, without_reason])]
async fn parameters(flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn main() {}
