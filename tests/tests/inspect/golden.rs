//! The JSON form of every answer, as text: `golden/*.json`.
//!
//! To accept a change, run `STEADFAST_GOLDEN=overwrite cargo test -p steadfast-tests --test inspect -- golden`, and tell it
//! in CHANGELOG.md: programs read this form.

use crate::order::{self, asked, json};
use crate::place::Place;
use crate::seen::everything;
use limits::Soon as _;
use serde_json::{Value, json as value};
use std::path::Path;
use steadfast::inspect::{InspectError, Paging, RunsQuery};

/// Replaces what differs from run to run: times, ids that are drawn, hashes, processes.
fn steady(found: &Value) -> Value {
    match found {
        Value::Number(number) if number.as_i64().is_some_and(|number| number > 1_000_000_000_000) => "<time>".into(),
        Value::String(text) => steady_text(text).into(),
        Value::Array(values) => values.iter().map(steady).collect(),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                let drawn = ["process", "host", "bytes", "log_bytes", "free_bytes"].contains(&key.as_str());
                (steady_text(key), if drawn { format!("<{key}>").into() } else { steady(value) })
            };
            Value::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

/// Replaces runs of 32 or more hexadecimal digits, and UUIDs.
fn steady_text(text: &str) -> String {
    let (mut shown, mut digits) = (String::new(), String::new());
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_hexdigit() || c == '-' {
            digits.push(c);
            continue;
        }
        let hex = digits.chars().filter(char::is_ascii_hexdigit).count();
        shown.push_str(if hex >= 32 { "<hex>" } else { &digits });
        digits.clear();
        if c != '\0' {
            shown.push(c);
        }
    }
    shown
}

fn compare(name: &str, found: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inspect/golden").join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(&steady(found)).expect("JSON") + "\n";
    if std::env::var("STEADFAST_GOLDEN").is_ok_and(|how| how == "overwrite") {
        std::fs::write(&path, &text).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} differs; found is:\n{text}", path.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_in_json_is_stable() {
    let place = Place::file().expect("a file");
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    let failed = engine.start(order::broken, "no paper".to_owned()).id("broken-1").soon().await.expect("started");
    failed.result().soon().await.expect_err("it fails");
    let inspector = engine.inspect();
    order::asleep(&inspector, 2).await;
    let all = everything(&inspector).await;
    let order =
        all["of_runs"].as_array().expect("a list").iter().find(|of| of["run"]["id"] == "order-1").expect("there");
    for part in [
        "run", "history", "steps", "timeline", "diagram", "context", "changes", "diff", "state", "channels", "items",
        "requests",
    ] {
        compare(part, &order[part]);
    }
    for part in ["runs", "counts", "failed"] {
        compare(part, &all[part]);
    }
    compare("workers", &json(&inspector.workers().soon().await.expect("read")));
    compare("health", &json(&inspector.health(false).soon().await.expect("read")));
    let page = inspector.runs(&RunsQuery::all().limit(1)).soon().await.expect("read");
    compare("cursor", &value!({ "next": page.next }));
    let error: InspectError = inspector.history("none", &Paging::first(1)).soon().await.expect_err("not there");
    compare("no_such_run", &value!(error.to_string()));
}
