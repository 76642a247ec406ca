use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(secret)]
    token: String,
    #[context(default, secret)]
    password: Secret<String>,
}

fn main() {}
