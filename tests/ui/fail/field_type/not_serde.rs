use steadfast::prelude::*;

#[derive(Clone)]
struct Money(u64);

#[derive(StepContext, Clone)]
struct Order {
    price: Money,
    #[context(default)]
    name: String,
}

fn main() {
    let order = Order::builder().price(Money(1)).build();
    let _ = order.with(|c| c.name("x"));
}
