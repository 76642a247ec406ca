use steadfast::prelude::*;

#[derive(Clone, Default)]
struct Db;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    id: String,
    #[context(transient)]
    db: Db,
}

#[workflow(context = Order)]
async fn reads(flow: &mut Flow<Order>) -> Result<()> {
    let _db = &flow.db;
    Ok(())
}

#[workflow(context = Order)]
async fn sets(start: Start<Order>) -> Result<()> {
    let mut flow = start.with(Order::builder().db(Db).build()).await?;
    flow.update(|c| c.db(Db)).await?;
    Ok(())
}

fn main() {}
