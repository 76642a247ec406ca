use steadfast::prelude::*;

#[derive(StepContext, Clone)]
enum Order {
    New,
}

#[derive(StepContext, Clone)]
struct Tuple(u64);

#[derive(StepContext, Clone)]
struct Generic<T> {
    value: T,
}

#[derive(StepContext)]
struct NotClone {
    value: u64,
}

fn main() {}
