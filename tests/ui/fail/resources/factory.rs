use std::sync::Arc;
use steadfast::prelude::*;

struct Db;
struct Index;

fn not_async() -> Db {
    Db
}

async fn no_result() -> Db {
    Db
}

async fn borrows(_: &Db) -> Result<Index> {
    Ok(Index)
}

async fn owns(_: Arc<Db>) -> Result<Index> {
    Ok(Index)
}

fn main() {
    let _ = Engine::builder().resource_with(owns).resource_with(not_async);
    let _ = Engine::builder().resource_with(no_result);
    let _ = Engine::builder().resource_with(borrows);
    let _ = Engine::builder().resource_with(Db);
}
