#![allow(unused)]

use steadfast::prelude::*;

struct Db;

#[workflow]
async fn looks(flow: &mut Flow, #[resource] db: &Db, n: u64) -> Result<()> {
    Ok(())
}

#[workflow]
async fn drives(flow: &mut Flow, session: &Session) -> Result<()> {
    Ok(())
}

#[workflow]
async fn asks(scope: &StepScope) -> Result<()> {
    Ok(())
}

fn main() {}
