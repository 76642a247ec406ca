//! JSON that looks like internal markers is read back unchanged, wherever a user's value can occur; and no feature of a
//! crate that a program shares with this one changes the meaning of its values.

use limits::Soon as _;
use serde_json::{Value, json};
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Message};

/// Returns values that some JSON reader interprets or decodes differently.
fn hostile() -> Vec<Value> {
    let deep = (0..60).fold(json!({"$serde_json::private::RawValue": "1"}), |inner, _| json!({ "deep": [inner] }));
    vec![
        json!({"$serde_json::private::RawValue": "{\"admin\":true}"}),
        json!({"user": {"$serde_json::private::RawValue": "{\"admin\":true}"}}),
        json!({"$serde_json::private::RawValue": 1}),
        json!({"$serde_json::private::Number": "1e400"}),
        json!([{"$serde_json::private::Number": "12"}]),
        json!({"$serde::private::Value": {}, "$toml::private::Datetime": "1979-05-27"}),
        json!({"__proto__": 1, "constructor": null, "": "empty", "type": "x", "error": {"Err": 1}}),
        json!({"z": 1, "a": 2, "m": {"b": 1, "a": 0}}),
        json!({"#stop": 1, "#from": 2, "#ask:x": {}, "scan#raw": 0, "secret": "steadfast:secret:AAAA"}),
        json!({"failed": ["x", {"step": "pass", "failures": []}], "refused": "no"}),
        json!({"quote\"\\\u{0}\u{1f}\u{7f}\u{2028}\u{fffd}\u{1f980}": "\u{0}\"\\/\u{8}\u{c}"}),
        json!([
            u64::MAX,
            i64::MIN,
            0,
            -1,
            0.1 + 0.2,
            1e308,
            5e-324,
            -0.0,
            f64::MIN_POSITIVE,
            0.3,
            4_503_599_627_370_497.5
        ]),
        json!(["null", null, "", " ", "true", true, "[1]", "{\"a\":1}", "1e5", "NaN"]),
        deep,
    ]
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, Message)]
struct Told {
    value: Value,
}

#[derive(StepContext, Clone)]
struct Kept {
    #[context(default)]
    value: Value,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Bad(Value);

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bad")
    }
}

impl std::error::Error for Bad {}

#[step]
async fn pass(value: Value) -> Result<Value> {
    Ok(value)
}

#[step]
async fn fail(value: Value) -> Result<(), Bad> {
    Err(Bad(value))
}

#[step]
async fn seen(ctx: &Kept) -> Result<Value> {
    Ok(ctx.value.clone())
}

/// Returns the value as read back from each place.
#[workflow(context = Kept)]
async fn places(flow: &mut Flow<Kept>, value: Value) -> Result<Vec<Value>> {
    flow.update(|c| c.value(value.clone())).await?;
    flow.publish("value", &value);
    let stream = flow.stream::<Value>("values");
    stream.write(&value);
    let mut places = vec![value.clone(), pass(&*flow, value.clone()).await?, seen(&*flow).await?, flow.value.clone()];
    let failed = fail(&*flow, value.clone()).await.unwrap_err();
    places.push(failed.into_failure().unwrap().0);
    places.push(flow.receive::<Told>().await?.value);
    let told: Told = flow.request(Told { value: value.clone() }).await?;
    places.push(told.value);
    Ok(places)
}

fn engine() -> EngineBuilder {
    Engine::builder().in_memory().workflow(places).workflow(Dispatch)
}

#[derive(Event)]
struct Came {
    value: Value,
}

#[derive(Event)]
struct Went {
    value: Value,
}

struct Dispatch;

#[workflow]
impl Dispatch {
    #[step]
    async fn take(begin: Begin<Value>) -> Result<Came> {
        Ok(Came { value: begin.0 })
    }

    #[step]
    async fn give(came: Came) -> Result<Went> {
        Ok(Went { value: came.value })
    }

    #[step]
    async fn stop(went: Went) -> Result<Stop<Value>> {
        Ok(Stop(went.value))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comes_back_as_it_was() {
    let engine = engine().start().await.unwrap();
    for value in hostile() {
        let run = engine.start(places, value.clone()).await.unwrap();
        engine.send(run.id(), Told { value: value.clone() }).await.unwrap();
        let request = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(request) = engine.requests().await.unwrap().into_iter().find(|one| one.run == run.id()) {
                    break request;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let request = request.await.unwrap();
        assert_eq!(request.read::<Told>().unwrap().value, value);
        engine.answer(&request.id, Told { value: value.clone() }).await.unwrap();
        for found in run.result().soon().await.unwrap() {
            assert_eq!(found, value);
        }
        assert_eq!(engine.start(Dispatch, value.clone()).await.unwrap().result().soon().await.unwrap(), value);
        assert_eq!(engine.published::<Value>(run.id(), "value").soon().await.unwrap(), value);
    }
}

/// Tests that the markers are plain data to `serde_json` in a program that depends on this crate.
#[test]
fn means_to_the_program_what_it_means_without_this_crate() {
    for value in hostile() {
        let text = value.to_string();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{text}");
    }
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).unwrap();
    let features = |name: &str| {
        let line = manifest.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
        line.split_once("features = ").unwrap().1.trim_end_matches(" }").to_owned()
    };
    assert!(!features("axum").contains("json"), "it turns on `raw_value` for all that is tested with it");
    // `float_roundtrip` makes `serde_json` read each float as the number that was written. The others change what a
    // value is: `raw_value` and `arbitrary_precision` the meaning of some objects, `preserve_order` the order of all.
    assert_eq!(features("serde_json"), r#"["float_roundtrip"]"#);
    assert_eq!(features("bytes"), r#"["serde"]"#);
}
