//! A workflow that leaves something of everything: contexts, shared state, steps that fail, outputs, requests, children,
//! and secrets wherever one may be.

use crate::place::Place;
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use steadfast::inspect::{Inspector, RunsQuery};
use steadfast::prelude::*;
use steadfast::{Key, Principal, RunHandle, Secret, StaticKeys, Status, WaitsFor};

/// What no output may show.
pub(crate) const SECRET: &str = "4000-0012-3456-7899";

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Order {
    tenant: String,
    #[context(default)]
    pub(crate) cents: u64,
    #[context(default)]
    status: String,
    #[context(default)]
    card: Secret<String>,
    #[context(default)]
    receipt: Bytes,
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Tally {
    #[context(default)]
    parcels: u64,
}

#[derive(Message, Serialize, Deserialize)]
pub(crate) struct MaySend {
    cents: u64,
    card: Secret<String>,
}

#[derive(Message, Serialize, Deserialize)]
pub(crate) struct Yes(pub(crate) bool);

#[derive(Message, Serialize, Deserialize)]
pub(crate) struct Stop(pub(crate) u64);

#[step(retry(attempts = 3, backoff = "5ms"))]
async fn charge(ctx: &Order, cents: u64, card: Secret<String>) -> Result<u64> {
    let attempt = steadfast::current().and_then(|current| current.step().map(|step| step.attempt));
    if attempt == Some(1) {
        return Err(steadfast::Error::msg("the bank is away"));
    }
    assert_eq!(card, ctx.card);
    Ok(cents)
}

#[step]
async fn token(ctx: &Order) -> Result<Secret<String>> {
    Ok(ctx.card.clone())
}

#[step]
async fn pack(state: &State<Tally>, n: u64) -> Result<u64> {
    state.set("last", &n).await?;
    Ok(state
        .edit(|tally| {
            tally.parcels += n;
            tally.parcels
        })
        .await?)
}

#[step]
async fn print(text: String, pages: Bytes) -> Result<Bytes> {
    Ok(Bytes::from([text.as_bytes(), &pages].concat()))
}

/// Waits for a message that never comes, unless its input is 0.
#[workflow]
pub(crate) async fn parcel(flow: &mut Flow, n: u64) -> Result<u64> {
    if n == 0 {
        return Ok(0);
    }
    Ok(flow.receive::<Stop>().await?.0)
}

#[workflow(context = Order, state = Tally)]
pub(crate) async fn order(start: Start<Order>, card: Secret<String>) -> Result<u64> {
    let context = Order::builder().tenant("red").card(card.clone()).build();
    let mut flow = start.with(context).await?;
    flow.publish("stage", &"begun".to_owned());
    flow.stream("log").write(&"one".to_owned());
    flow.publish("card", &card);
    let cents = charge(&flow, 500, card.clone()).await?;
    flow.update(|order| order.cents(cents).status("paid")).await?;
    let packed = pack(&flow, 2).await?;
    let kept = token(&flow).await?;
    assert_eq!((packed, &kept), (2, &card));
    let receipt = print(&flow, "receipt".to_owned(), Bytes::from_static(&[0, 159, 146, 150])).await?;
    flow.update(|order| order.receipt(receipt)).await?;
    flow.publish("stage", &"asked".to_owned());
    flow.stream("log").write(&"two".to_owned());
    let _child = flow.start(parcel, 7).await;
    let Yes(yes) = flow.request::<MaySend, Yes>(MaySend { cents, card }).await?;
    flow.update(|order| order.status(if yes { "sent" } else { "kept" })).await?;
    flow.stream::<String>("log").close();
    Ok(cents)
}

/// Fails for good, with a step that failed before.
#[workflow]
pub(crate) async fn broken(flow: &mut Flow, why: String) -> Result<()> {
    Ok(fail(flow, why).await?)
}

#[step(retry(attempts = 2, backoff = "1ms"))]
async fn fail(why: String) -> Result<()> {
    Err(steadfast::Error::msg(why))
}

pub(crate) async fn engine(place: &Place) -> Engine {
    let builder = place.builder().keys(StaticKeys::new(Key::new("2026", [7; 32])));
    builder.workflow(order).workflow(parcel).workflow(broken).start().soon().await.expect("the engine starts")
}

/// Starts an order, and waits until it waits for an answer.
pub(crate) async fn asked(engine: &Engine, id: &str) -> RunHandle<u64> {
    let call = engine.start(order, Secret::new(SECRET.to_owned())).id(id).label("tenant", "red");
    let call = call.principal(Principal::new("ada").role("support")).deduplication_key(format!("key of {id}"));
    let run = call.soon().await.expect("started");
    until(async || {
        let waits = run.status().await.expect("read").waits_for;
        waits.iter().any(|wait| matches!(wait.for_what, WaitsFor::Answer { .. }))
    })
    .await;
    run
}

/// Returns an inspector that has no engine: `None` in memory.
pub(crate) async fn from_outside(place: &Place) -> Option<Inspector> {
    if place.is_file() {
        return Some(Inspector::sqlite(place.path()).soon().await.expect("the file is opened"));
    }
    if place.is_postgres() {
        return Some(Inspector::postgres(&place.name()).soon().await.expect("the database is opened"));
    }
    None
}

/// Returns the inspectors of a place: that of the engine, and one without it.
pub(crate) async fn inspectors(place: &Place, engine: &Engine) -> Vec<Inspector> {
    std::iter::once(engine.inspect()).chain(from_outside(place).await).collect()
}

/// Waits until so many runs sleep: a run that waits is in memory for a while.
pub(crate) async fn asleep(inspector: &Inspector, runs: u64) {
    let sleeping = RunsQuery::all().status(Status::Sleeping);
    until(async || inspector.count(&sleeping).soon().await.expect("counted").value == runs).await;
}

pub(crate) fn json<T: Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).expect("it is JSON")
}
