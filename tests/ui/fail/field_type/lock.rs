use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;

type Counter = Arc<AtomicU64>;

#[derive(StepContext, Clone)]
struct Order {
    count: Arc<Mutex<u64>>,
    number: Vec<Arc<AtomicU64>>,
}

#[derive(StepContext, Clone)]
struct Aliased {
    count: Counter,
}

fn main() {}
