//! Forks and rewinds of an operator with other values of the context.

use limits::Soon as _;
use steadfast::inspect::RunsQuery;
use steadfast::operate::ForkOptions;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ForkPoint, Key, Secret, StaticKeys};

#[derive(StepContext, Clone)]
struct Parcel {
    #[context(index)]
    city: String,
    weight: u64,
    label: Bytes,
    code: Secret<String>,
}

#[step]
async fn weigh(parcel: &Parcel) -> Result<u64> {
    Ok(parcel.weight)
}

#[step]
async fn route(parcel: &Parcel, grams: u64) -> Result<String> {
    Ok(format!("{} {} {grams}", parcel.city, parcel.weight))
}

#[workflow(context = Parcel)]
async fn ship(start: Start<Parcel>, city: String) -> Result<String> {
    let parcel = Parcel::builder().city(city).weight(1).label(Bytes::new()).code(Secret::new("7".into())).build();
    let mut flow = start.with(parcel).await?;
    flow.update(|c| c.weight(2)).await?;
    let grams = weigh(&flow).await?;
    Ok(route(&flow, grams).await?)
}

fn with(id: &str, fields: &[(&str, &str)]) -> ForkOptions {
    let context = fields.iter().map(|(name, json)| ((*name).to_owned(), (*json).to_owned())).collect();
    ForkOptions { id: Some(id.to_owned()), context, ..ForkOptions::default() }
}

async fn engine() -> Engine {
    let builder = Engine::builder().store(MemoryStore::new()).workflow(ship);
    let engine = builder.keys(StaticKeys::new(Key::new("k", [7; 32]))).start().soon().await.expect("an engine");
    let run = engine.start(ship, "Rome".to_owned()).id("a").soon().await.expect("started");
    assert_eq!(run.result().soon().await.expect("done"), "Rome 2 2");
    engine
}

#[tokio::test]
async fn a_fork_goes_on_with_the_changed_fields_and_is_found_by_them() {
    let engine = engine().await;
    let operator = engine.operate("ada").expect("a name");
    let options = with("b", &[("city", "\"Oslo\""), ("weight", "9")]);
    let fork =
        operator.because("wrong city").fork("a", ForkPoint::before("route"), options).soon().await.expect("forked");
    let run = engine.handle(ship, &fork).soon().await.expect("a run");
    // What was weighed before the point stays.
    assert_eq!(run.result().soon().await.expect("done"), "Oslo 9 2");
    let found = engine.find(ship).by(|parcel| parcel.city.eq("Oslo")).soon().await.expect("found");
    assert_eq!(found.items.iter().map(|run| run.id.clone()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(engine.inspect().runs(&RunsQuery::all()).soon().await.expect("read").items.len(), 2);

    let rewound = ForkOptions { id: None, ..with("", &[("weight", "5")]) };
    operator.because("").rewind("a", ForkPoint::before("route"), rewound).soon().await.expect("rewound");
    let run = engine.handle(ship, "a").soon().await.expect("a run");
    assert_eq!(run.result().soon().await.expect("done"), "Rome 5 2");
}

#[tokio::test]
async fn a_field_that_cannot_be_changed_is_named_and_nothing_is_forked() {
    let engine = engine().await;
    let operator = engine.operate("ada").expect("a name");
    for (fields, at, words) in [
        ([("town", "1")], ForkPoint::before("route"), "`city`, `weight`, `label`, `code`"),
        ([("city", "1")], ForkPoint::after_entry(1), "not set yet at this point"),
        ([("label", "\"x\"")], ForkPoint::before("route"), "it holds bytes"),
        ([("code", "\"8\"")], ForkPoint::before("route"), "it holds a secret"),
        ([("city", "Oslo")], ForkPoint::before("route"), "the value of field `city`"),
    ] {
        let error = operator.because("").fork("a", at, with("b", &fields)).soon().await.expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(engine.inspect().runs(&RunsQuery::all()).soon().await.expect("read").items.len(), 1);
}
