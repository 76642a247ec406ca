use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(alias = "owner")]
    owner: String,
    #[context(alias = "owner", alias = "buyer")]
    customer: String,
    #[context(alias = "buyer")]
    payer: String,
    #[context(alias = "sum", alias = "sum")]
    total: u64,
}

fn main() {}
