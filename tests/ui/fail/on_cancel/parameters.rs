#![allow(unused)]

use steadfast::prelude::*;

#[step]
async fn without_reason() -> Result<()> {
    Ok(())
}

#[step]
async fn with_number(reason: u32) -> Result<()> {
    Ok(())
}

#[step]
async fn with_more(reason: String, more: String) -> Result<()> {
    Ok(())
}

#[workflow(on_cancel = without_reason)]
async fn first(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(on_cancel = with_number)]
async fn second(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(on_cancel = with_more)]
async fn third(flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn main() {}
