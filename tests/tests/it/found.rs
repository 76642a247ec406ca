//! Runs that are found by the fields of their contexts.

mod carried;
mod later;
mod written;

use crate::place::Place;
use crate::runs::wait_for;
use crate::tests_on;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::Status;
use steadfast::inspect::{FieldCondition, Page, RunSummary, RunsQuery};
use steadfast::prelude::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Stage {
    #[default]
    New,
    Paid,
    Sent,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cents(u64);

#[derive(StepContext, Clone, Debug)]
struct Order {
    #[context(index)]
    customer: String,
    #[context(default, index)]
    stage: Stage,
    #[context(default, index)]
    total: Cents,
    #[context(default, index)]
    coupon: Option<String>,
    #[context(default, index)]
    is_gift: bool,
    #[context(default, index)]
    balance: i128,
    #[context(default)]
    note: String,
}

#[derive(Message, Serialize, Deserialize)]
struct Pay(u64);

/// Waits for its payment; takes the stage of its context from it.
#[workflow(context = Order)]
async fn order(start: Start<Order>, customer: String) -> Result<u64> {
    let mut flow = start.with(Order::builder().customer(customer).build()).await?;
    let Pay(cents) = flow.receive().await?;
    flow.update(|o| o.stage(Stage::Paid).total(Cents(cents)).balance(-i128::from(cents))).await?;
    let Pay(more) = flow.receive().await?;
    flow.update(|o| o.stage(Stage::Sent).is_gift(true).coupon(Some("spring".to_owned()))).await?;
    Ok(more)
}

/// Another workflow with the same context.
#[workflow(context = Order)]
async fn refund(start: Start<Order>, customer: String) -> Result<u64> {
    let mut flow = start.with(Order::builder().customer(customer).stage(Stage::Paid).build()).await?;
    let Pay(cents) = flow.receive().await?;
    flow.update(|o| o.note("done")).await?;
    Ok(cents)
}

tests_on!(file, memory, postgres: a_run_is_found_by_its_fields, conditions_are_written_as_texts, pages_go_on);

pub(super) fn ids(page: Page<RunSummary>) -> Vec<String> {
    page.items.into_iter().map(|run| run.id).collect()
}

async fn open(place: &Place) -> Engine {
    place.builder().workflow(order).workflow(refund).start().soon().await.unwrap()
}

async fn pay(engine: &Engine, id: &str, cents: u64) {
    engine.run(id).soon().await.unwrap().send(Pay(cents)).soon().await.unwrap();
}

/// Starts `a`, `b` and `c`, of which the first two are paid, and a refund.
async fn filled(engine: &Engine) {
    for id in ["a", "b", "c"] {
        engine.start(order, format!("{id}da")).id(id).soon().await.unwrap();
    }
    engine.start(refund, "ada".to_owned()).id("r").soon().await.unwrap();
    pay(engine, "a", 500).await;
    pay(engine, "b", 1_000).await;
    for (id, stage) in [("a", "Paid"), ("b", "Paid"), ("c", "New"), ("r", "Paid")] {
        has(engine, id, &format!("stage={stage}")).await;
    }
}

/// Waits until a run is found by a condition.
pub(super) async fn has(engine: &Engine, id: &str, condition: &str) {
    let query = RunsQuery::all().field(FieldCondition::parse(condition).unwrap());
    let found = async {
        while !ids(engine.inspect().runs(&query).soon().await.unwrap()).iter().any(|found| found == id) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(limits::LIMIT, found).await.unwrap_or_else(|_| panic!("{id} has not {condition}"));
}

async fn a_run_is_found_by_its_fields(place: Place) {
    let engine = open(&place).await;
    filled(&engine).await;
    let find = || engine.find(order);
    assert_eq!(ids(find().by(|o| o.customer.eq("ada")).soon().await.unwrap()), ["a"]);
    assert_eq!(ids(find().by(|o| o.stage.eq(Stage::Paid)).soon().await.unwrap()), ["b", "a"]);
    assert_eq!(ids(find().by(|o| o.stage.ne(Stage::Paid)).soon().await.unwrap()), ["c"]);
    assert_eq!(ids(find().by(|o| o.total.gt(Cents(500))).soon().await.unwrap()), ["b"]);
    assert_eq!(ids(find().by(|o| o.total.between(Cents(500), Cents(999))).soon().await.unwrap()), ["a"]);
    let both = find().by(|o| o.total.ge(Cents(500))).by(|o| o.total.lt(Cents(1_000)));
    assert_eq!(ids(both.soon().await.unwrap()), ["a"]);
    assert_eq!(ids(find().by(|o| o.balance.lt(-500)).soon().await.unwrap()), ["b"]);
    assert_eq!(ids(find().by(|o| o.balance.le(0)).oldest_first().soon().await.unwrap()), ["a", "b", "c"]);
    assert_eq!(ids(find().by(|o| o.coupon.is_none()).soon().await.unwrap()), ["c", "b", "a"]);
    assert_eq!(
        ids(find().by(|o| o.is_gift.eq(false)).by(|o| o.customer.starts_with("b")).soon().await.unwrap()),
        ["b"]
    );
    assert_eq!(find().by(|o| o.stage.eq(Stage::Paid)).count().soon().await.unwrap().value, 2);
    assert_eq!(ids(engine.find(refund).by(|o| o.stage.eq(Stage::Paid)).soon().await.unwrap()), ["r"]);
    let page = find().by(|o| o.customer.eq("ada")).soon().await.unwrap();
    let fields = serde_json::json!({
        "balance": -500, "coupon": null, "customer": "ada", "is_gift": false, "stage": "Paid", "total": 500
    });
    assert_eq!(serde_json::to_value(&page.items[0].fields).unwrap(), fields);
    let long = find().by(|o| o.customer.starts_with(&"x".repeat(193))).soon().await.unwrap_err();
    assert!(long.to_string().contains("at most 192 bytes"), "{long}");

    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    let engine = open(&place).await;
    pay(&engine, "a", 1).await;
    engine.handle(order, "a").soon().await.unwrap().result().soon().await.unwrap();
    let found = engine.find(order).by(|o| o.coupon.eq("spring")).status(Status::Completed).soon().await.unwrap();
    assert_eq!(ids(found), ["a"]);
    engine.run("a").soon().await.unwrap().delete().soon().await.unwrap();
    assert!(ids(engine.find(order).by(|o| o.customer.eq("ada")).soon().await.unwrap()).is_empty());
}

async fn conditions_are_written_as_texts(place: Place) {
    let engine = open(&place).await;
    filled(&engine).await;
    for (conditions, expected) in [
        (&["stage=Paid"][..], &["r", "b", "a"][..]),
        (&["stage != Paid"], &["c"]),
        (&["total>=500", "total<1000"], &["a"]),
        (&["total=500"], &["a"]),
        (&["balance<=-500"], &["b", "a"]),
        (&["coupon=null", "customer^=a"], &["r", "a"]),
        (&["is_gift=false", "stage=New"], &["c"]),
        (&["customer=\"ada\""], &["r", "a"]),
        (&["total=\"500\""], &[]),
        (&["nothing=1"], &[]),
    ] {
        let asked = |query: RunsQuery, text: &&str| query.field(FieldCondition::parse(text).unwrap());
        let query = conditions.iter().fold(RunsQuery::all(), asked);
        let found = ids(engine.inspect().runs(&query).soon().await.unwrap());
        assert_eq!(found, expected, "{conditions:?}");
        assert_eq!(engine.inspect().count(&query).soon().await.unwrap().value, expected.len() as u64);
    }
    for text in ["", "stage", "=x", "stage~x", "a!b"] {
        assert!(FieldCondition::parse(text).unwrap_err().contains("write `status=paid`"), "{text}");
    }
}

async fn pages_go_on(place: Place) {
    let engine = open(&place).await;
    for n in 0..7 {
        engine.start(refund, format!("c{}", n % 2)).id(format!("{n}")).soon().await.unwrap();
        has(&engine, &format!("{n}"), &format!("customer=c{}", n % 2)).await;
    }
    for condition in ["customer=c0", "customer>=c0"] {
        let query = RunsQuery::all().field(FieldCondition::parse(condition).unwrap()).limit(2);
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let query = after.iter().fold(query.clone(), RunsQuery::after);
            let page = engine.inspect().runs(&query).soon().await.unwrap();
            after.clone_from(&page.next);
            found.extend(ids(page));
            if after.is_none() {
                break;
            }
        }
        let all = ["6", "5", "4", "3", "2", "1", "0"];
        let expected: Vec<_> = all.iter().filter(|n| condition.contains('>') || "0246".contains(**n)).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{condition}");
    }
}

#[test]
fn the_index_is_a_type_of_the_context() {
    assert_eq!(Order::schema().fields.iter().filter(|field| field.index).count(), 6);
}

pub(super) async fn sleeps(engine: &Engine, id: &str) {
    wait_for(&engine.run(id).soon().await.unwrap(), Status::Sleeping).await;
}
