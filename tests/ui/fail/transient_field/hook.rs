use steadfast::prelude::*;

#[derive(Clone, Default)]
struct Db;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
    #[context(transient, restore = not_async)]
    a: Db,
    #[context(transient, restore = another_type)]
    b: Db,
    #[context(transient, restore = no_resources)]
    c: Db,
    #[context(transient, restore = the_whole)]
    d: Db,
    #[context(transient, restore(without_what_it_waits_for, after = a))]
    e: Db,
    #[context(transient, restore = not_there)]
    f: Db,
    #[context(transient, restore = an_error_that_is_none)]
    g: Db,
    #[context(transient, restore = not_sendable)]
    h: Db,
    #[context(transient, restore = no_result)]
    i: Db,
}

fn not_async(_: &OrderStored, _: &Resources) -> Result<Db> {
    Ok(Db)
}

async fn another_type(_: &OrderStored, _: &Resources) -> Result<u8> {
    Ok(1)
}

async fn no_resources(_: &OrderStored) -> Result<Db> {
    Ok(Db)
}

async fn the_whole(_: &Order, _: &Resources) -> Result<Db> {
    Ok(Db)
}

async fn without_what_it_waits_for(_: &OrderStored, _: &Resources) -> Result<Db> {
    Ok(Db)
}

async fn an_error_that_is_none(_: &OrderStored, _: &Resources) -> Result<Db, String> {
    Ok(Db)
}

async fn not_sendable(_: &OrderStored, _: &Resources) -> Result<Db> {
    let local = std::rc::Rc::new(Db);
    tokio::task::yield_now().await;
    Ok((*local).clone())
}

async fn no_result(_: &OrderStored, _: &Resources) -> Db {
    Db
}

fn main() {}
