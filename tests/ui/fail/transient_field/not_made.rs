use steadfast::prelude::*;

#[derive(Clone)]
struct Db;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
    #[context(transient)]
    db: Db,
    #[context(transient, default = 5)]
    index: Db,
}

#[step]
async fn read(ctx: &Order) -> Result<String> {
    Ok(ctx.id.clone())
}

fn main() {}
