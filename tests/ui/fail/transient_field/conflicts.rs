use steadfast::prelude::*;

#[derive(Clone, Default)]
struct Db;

#[derive(StepContext, Clone)]
struct Order {
    id: String,
    #[context(transient, store = "blobs")]
    a: Db,
    #[context(transient, form = json, max_bytes = 1)]
    b: Db,
    #[context(transient, alias = "old", alias = "older", secret)]
    c: Db,
    #[context(restore = open_db)]
    d: Db,
    #[context(transient, restore = open_db, default)]
    e: Db,
    #[context(transient)]
    f: &Db,
}

async fn open_db(_: &OrderStored, _: &Resources) -> Result<Db> {
    Ok(Db)
}

#[step]
async fn read(ctx: &Order) -> Result<String> {
    let _ = ctx.stored();
    Ok(ctx.id.clone())
}

fn main() {
    let _ = Order::builder().id("a").build().with(|c| c.id("b"));
}
