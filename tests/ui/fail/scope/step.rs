#![allow(unused)]

use steadfast::prelude::*;

#[step(roles = "admin")]
async fn one() -> Result<()> {
    Ok(())
}

#[step(roles(), rolse("admin"))]
async fn none() -> Result<()> {
    Ok(())
}

#[step(roles("ops", "ops", ADMIN))]
async fn twice() -> Result<()> {
    Ok(())
}

#[step(roles, version = 2)]
async fn unfinished() -> Result<()> {
    Ok(())
}

fn main() {}
