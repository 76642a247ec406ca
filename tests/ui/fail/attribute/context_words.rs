// Words that are unknown, given twice, in the wrong place or without what belongs to them.
use steadfast::prelude::*;

#[derive(StepContext, Clone)]
#[context(store = "blobs", transient, secret, versoin = 2)]
#[context(name, name = "order")]
struct Order {
    #[context(stor = "blobs", transiant)]
    a: Bytes,
    #[context(version = 2, migrate = from_v1)]
    b: String,
    #[context(store = "blobs", store = "files")]
    #[context(max_bytes = 1, max_bytes = 2)]
    c: Bytes,
    #[context(transient, transient)]
    d: u8,
    #[context(transient = true)]
    e: u8,
    #[context(default, after = a)]
    f: u8,
    #[context(form = json, form = json)]
    g: Vec<u8>,
    #[context(colour = "red")]
    h: u8,
}

fn main() {}
