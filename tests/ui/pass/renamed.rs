//! Names of ours under other names, and nothing imported that is not used.

use steadfast::{Flow as Handle, Result as Outcome, StepContext as Context, step as durable, workflow as process};

#[derive(Context, Clone)]
struct Order {
    #[context(default = Self::FIRST)]
    total: u64,
    #[context(default)]
    next: Option<Box<Leaf>>,
}

#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Leaf(u8);

impl Order {
    const FIRST: u64 = 7;
}

#[derive(Context, Clone)]
struct Parcel {
    #[context(default, store = "blobs", max_bytes = 10)]
    label: String,
    #[context(transient, restore = Self::open)]
    scales: std::sync::Arc<std::sync::Mutex<u64>>,
    #[context(transient, default = Self::FIRST)]
    first: u64,
}

impl Parcel {
    const FIRST: u64 = 8;

    async fn open(
        stored: &ParcelStored,
        _: &steadfast::Resources,
    ) -> Outcome<std::sync::Arc<std::sync::Mutex<u64>>, std::num::TryFromIntError> {
        Ok(std::sync::Arc::new(std::sync::Mutex::new(u64::try_from(stored.label.len())?)))
    }
}

#[durable]
async fn weigh(parcel: &Parcel) -> Outcome<u64> {
    Ok(*parcel.scales.lock().unwrap() + parcel.first)
}

#[process(context = Parcel)]
async fn send(flow: &mut ParcelFlow) -> Outcome<u64> {
    flow.update(|parcel| parcel.label("a")).await?;
    Ok(weigh(flow).await?)
}

type ParcelFlow = Handle<Parcel>;
type OrderFlow = Handle<Order>;
type OrderStart = steadfast::Start<Order>;

#[durable]
async fn charge(order: &crate::Order, cents: u64) -> Outcome<u64> {
    Ok(order.total + cents)
}

#[process(context = crate::Order)]
async fn with_flow(flow: &mut OrderFlow) -> Outcome<u64> {
    flow.update(|order| order.total(order.total + 1).next(order.next.clone())).await?;
    Ok(charge(flow, 5).await?)
}

#[process(context = Order)]
async fn with_start(start: OrderStart) -> Outcome<u64> {
    let flow = start.with(Order::builder().build()).await?;
    Ok(charge(&flow, 5).await?)
}

fn takes<M, F: steadfast::Startable<M>>(_: F) {}

fn main() {
    takes(with_flow);
    takes(with_start);
    takes(send);
    assert_eq!(Order::builder().build().total, 7);
}
