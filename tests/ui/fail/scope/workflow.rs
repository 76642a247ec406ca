#![allow(unused)]

use steadfast::prelude::*;

#[workflow(version = 0)]
async fn zeroth(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(version = "2", roles("admin", 7, "admin", ""))]
async fn words(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(version, roles, on_cancel)]
async fn unfinished(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(roles = "admin", on_cancel = release("x"), version = 2, version = 3)]
async fn another_way(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(roles(), roles("a"), on_cancle = release)]
async fn empty(flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn main() {}
