use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(store)]
    a: Bytes,
    #[context(store = "")]
    b: Bytes,
    #[context(store = blobs)]
    c: Bytes,
    #[context(form = bytes)]
    d: String,
    #[context(form = xml)]
    e: String,
    #[context(form)]
    f: Vec<u8>,
    #[context(max_bytes = 0)]
    g: String,
    #[context(max_bytes = "1 MB")]
    h: String,
    #[context(max_bytes = 1024 * 1024)]
    i: String,
    #[context(alias = "")]
    j: String,
    #[context(alias = "old name")]
    k: String,
    #[context(alias = "r#type")]
    l: String,
    #[context(form = "json")]
    m: Vec<u8>,
}

fn main() {}
