use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct OrderContext {
    workspace_id: String,
    total: u64,
}

fn main() {
    OrderContext::builder().total(5).total(6).workspace_id("a").build();
    OrderContext::builder().total("5").workspace_id("a").build();
    OrderContext::builder().totals(5).workspace_id("a").build();
    OrderContext::builder().total(5).workspace_id(7).build();
}
