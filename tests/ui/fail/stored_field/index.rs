use steadfast::prelude::*;
use steadfast::Secret;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default, index)]
    token: Secret<String>,
    #[context(default, index)]
    receipt: Bytes,
    #[context(default, index, store = "blobs")]
    scan: String,
    #[context(transient, index)]
    open: u64,
    #[context(default, index)]
    share: Option<f64>,
    #[context(default, index)]
    items: Vec<String>,
    #[context(default, index)]
    size: (u32, u32),
    #[context(default, index = "status")]
    status: String,
}

fn main() {}
