use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default, index)]
    status: String,
    #[context(default)]
    total: u64,
}

#[derive(StepContext, Clone)]
struct Plain {
    #[context(default)]
    total: u64,
}

#[workflow(context = Order)]
async fn order(flow: &mut Flow<Order>) -> Result<u64> {
    Ok(flow.total)
}

#[workflow(context = Plain)]
async fn plain(flow: &mut Flow<Plain>) -> Result<u64> {
    Ok(flow.total)
}

fn search(engine: &Engine) {
    let _ = engine.find(order).by(|o| o.total.ge(100));
    let _ = engine.find(order).by(|o| o.status.eq(5));
    let _ = engine.find(plain).by(|o| o.total.eq(100));
    let _ = engine.reindex(plain);
}

fn main() {}
