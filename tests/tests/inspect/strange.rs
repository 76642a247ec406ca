//! Values of any kind: raw bytes, large ones, nested ones, numbers at their limits.

use crate::order::{inspectors, json};
use crate::place::Place;
use crate::tests_on;
use limits::Soon as _;
use serde_json::{Value, json as value};
use steadfast::inspect::{Paging, Shown};
use steadfast::prelude::*;

tests_on!(file, memory, postgres: values_of_any_kind_are_shown);

#[step]
async fn bytes(n: usize) -> Result<Bytes> {
    Ok(Bytes::from(vec![0xFF; n]))
}

#[step]
async fn text(n: usize) -> Result<String> {
    Ok("\u{e9}\"".repeat(n))
}

#[step]
async fn nested(depth: usize) -> Result<Value> {
    Ok((0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner])))
}

#[step]
async fn large_number() -> Result<(u128, i64, f64)> {
    Ok((u128::MAX, i64::MIN, 0.1))
}

#[workflow]
async fn strange(flow: &mut Flow) -> Result<()> {
    bytes(flow, 10 << 20).await?;
    text(flow, 5 << 20).await?;
    nested(flow, 100).await?;
    large_number(flow).await?;
    flow.publish("raw", &Bytes::from_static(&[0xC3, 0x28]));
    Ok(())
}

async fn values_of_any_kind_are_shown(place: Place) {
    let engine = place.builder().workflow(strange).start().soon().await.expect("the engine starts");
    engine.start(strange, ()).id("a").soon().await.expect("started").result().soon().await.expect("done");
    for inspector in inspectors(&place, &engine).await {
        let entries = inspector.history("a", &Paging::first(100)).soon().await.expect("read").items;
        let result = |step: &str| {
            let of_step = |entry: &&steadfast::inspect::Entry| entry.name.as_deref() == Some(step);
            let ended = entries.iter().filter(of_step).find(|entry| entry.kind.as_str() == "step_completed");
            ended.and_then(|entry| entry.value.clone()).expect("a result")
        };
        assert!(matches!(result("bytes"), Shown::Bytes { size, ref sha256 } if size == 10 << 20 && sha256.len() == 64));
        let Shown::Large { start, size, .. } = result("text") else { panic!("it is shown") };
        assert_eq!((start.chars().count(), size > 10 << 20), (200, true));
        assert!(matches!(result("nested"), Shown::Json { .. }));
        let numbers = value!(["340282366920938463463374607431768211455", i64::MIN, 0.1]);
        assert_eq!(json(&result("large_number"))["value"], numbers);
        let size = serde_json::to_string(&entries).expect("JSON").len();
        assert!(size < 20_000, "{size} bytes of JSON");
        let channels = inspector.channels("a", &Paging::first(9)).soon().await.expect("read").items;
        let last = json(&channels[0].last);
        assert_eq!((&last["value"]["form"], &last["value"]["size"]), (&value!("bytes"), &value!(2)));
    }
}
