#![allow(unused)]

use steadfast::prelude::*;

struct Db;

trait Mailer: Send + Sync {}

#[step]
async fn owned(#[resource] db: Db) -> Result<()> {
    Ok(())
}

#[step]
async fn exclusive(#[resource] db: &mut Db) -> Result<()> {
    Ok(())
}

#[step]
async fn borrowed_for_ever(#[resource] db: &'static Db) -> Result<()> {
    Ok(())
}

#[step]
async fn object(#[resource] mailer: &dyn Mailer, #[resource] url: &str) -> Result<()> {
    Ok(())
}

#[step]
async fn twice(#[resource] #[resource] db: &Db) -> Result<()> {
    Ok(())
}

#[step]
async fn named(#[resource = "db"] db: &Db) -> Result<()> {
    Ok(())
}

#[step]
async fn exclusive_session(session: &mut Session, n: u64) -> Result<()> {
    Ok(())
}

#[step]
async fn exclusive_scope(n: u64, scope: &mut StepScope) -> Result<()> {
    Ok(())
}

#[step]
async fn handle(#[resource] flow: &Flow<Db>) -> Result<()> {
    Ok(())
}

fn main() {}
