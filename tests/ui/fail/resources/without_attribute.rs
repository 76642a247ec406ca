use steadfast::prelude::*;

struct Db;

#[step]
async fn first(db: &Db) -> Result<()> {
    let _ = db;
    Ok(())
}

#[step]
async fn later(page: u32, db: &Db) -> Result<()> {
    let _ = (page, db);
    Ok(())
}

fn main() {}
