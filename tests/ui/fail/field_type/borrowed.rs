use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    name: &'static str,
    build: u32,
}

fn main() {}
