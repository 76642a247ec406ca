use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct OrderContext {
    workspace_id: String,
    user_id: String,
    total: u64,
}

fn main() {
    OrderContext::builder().total(5).build();
}
