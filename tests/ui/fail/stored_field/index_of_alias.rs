use steadfast::Secret;
use steadfast::prelude::*;

type Hidden = Secret<String>;

#[derive(StepContext, Clone)]
struct Order {
    #[context(index)]
    hidden: Hidden,
}

fn main() {}
