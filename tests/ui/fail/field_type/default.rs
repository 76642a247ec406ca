use steadfast::prelude::*;

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    mode: Mode,
    #[context(default = "five")]
    number: u64,
}

#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
enum Mode {
    Slow,
}

fn main() {}
