use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    name: &'static str,
    build: u32,
}

#[derive(StepContext, Clone)]
struct WithoutLifetime {
    name: &str,
}

fn main() {}
