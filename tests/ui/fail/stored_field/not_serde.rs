// One fault for each field, whatever else is said of it.
use steadfast::prelude::*;

#[derive(Clone)]
struct Money(u64);

#[derive(StepContext, Clone)]
struct Order {
    #[context(store = "blobs", max_bytes = 10)]
    price: Money,
    #[context(form = json, alias = "sum")]
    total: Money,
    #[context(transient)]
    tries: u8,
}

fn main() {
    let order = Order::builder().price(Money(1)).total(Money(2)).build();
    let order = order.with(|c| c.price(Money(3)));
    assert_eq!(order.clone().with_live(1).stored(), order);
}
