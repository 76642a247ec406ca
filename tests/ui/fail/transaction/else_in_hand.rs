use steadfast::prelude::*;

fn main() {}

struct Db;

#[derive(StepContext, Clone)]
struct Order {
    seat: u32,
}

#[transaction]
fn book(tx: &mut Tx<'_>, ctx: &mut Order, #[resource] db: &Db, session: &Session, scope: &StepScope, name: &str) -> Result<u32> {
    Ok(1)
}

#[transaction]
fn with_the_flow(tx: &mut Tx<'_>, flow: &Flow<Order>) -> Result<u32> {
    Ok(1)
}

#[transaction]
fn changes(tx: &mut Tx<'_>, ctx: &Order) -> Result<u32> {
    ctx.seat = 5;
    Ok(1)
}
