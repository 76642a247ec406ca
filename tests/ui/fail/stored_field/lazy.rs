use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    scan: Lazy<Bytes>,
    #[context(store = "blobs", form = json)]
    receipt: steadfast::Lazy<Vec<u8>>,
    #[context(store = "blobs")]
    pages: Vec<Lazy<Bytes>>,
    #[context(default)]
    photo: Option<Lazy<Bytes>>,
}

fn main() {}
