#![allow(unused)]

use steadfast::prelude::*;

struct Db;

#[workflow(resources)]
async fn nothing(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(resources = Db)]
async fn assigned(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(resources())]
async fn empty(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(resources(Db, Db))]
async fn twice(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(resources(Db), resources(u8))]
async fn two_lists(flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(resource(Db))]
async fn misspelt(flow: &mut Flow) -> Result<()> {
    Ok(())
}

fn main() {}
