//! `trace`: the spans of a run as OTLP, on SQLite and on Postgres, without a secret.

use crate::filled::{Filled, SECRET};
use crate::tool::{Said, piped};
use serde_json::Value;

fn traced(filled: &Filled, words: &[&str]) -> Said {
    piped(&[&["--db", &filled.name, "trace"], words].concat())
}

/// Returns the names of the spans, and the ids of those without a parent.
fn names_and_roots(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut names, mut roots) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let request: Value = serde_json::from_str(line).expect("a request of OTLP");
        let resource = &request["resourceSpans"][0];
        assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "orders");
        for span in resource["scopeSpans"][0]["spans"].as_array().expect("spans") {
            let of = |name: &str| span[name].as_str().expect("a text").to_owned();
            assert_eq!((of("traceId").len(), of("spanId").len()), (32, 16));
            let nanos = |name: &str| of(name).parse::<u64>().expect("a time");
            assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"));
            names.push(of("name"));
            roots.extend(of("parentSpanId").is_empty().then(|| of("spanId")));
        }
    }
    names.sort_unstable();
    (names, roots)
}

fn is_traced(filled: &Filled) {
    let said = traced(filled, &["order-1", "--service", "orders"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(!said.stdout.contains(SECRET), "a secret is shown: {}", said.stdout);
    let (names, _) = names_and_roots(&said.stdout);
    assert!(names.iter().any(|name| name.ends_with(" attempt")), "{names:?}");
    let again = traced(filled, &["order-1", "--service", "orders"]);
    assert_eq!(again.stdout, said.stdout, "the same spans with the same ids");

    let none = traced(filled, &["none"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(3), ""));

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.json");
    let output = path.to_str().expect("a path that is text");
    let said_into = traced(filled, &["order-1", "--service", "orders", "--output", output]);
    assert_eq!((said_into.code, said_into.stdout.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(&path).expect("read"), said.stdout);
    let twice = traced(filled, &["order-1", "--output", output]);
    assert_eq!(twice.code, Some(1), "a file that is there is not overwritten");
    assert_eq!(std::fs::read_to_string(&path).expect("read"), said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_traced_on_sqlite() {
    is_traced(&Filled::file().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_traced_on_postgres() {
    let Some(filled) = Filled::postgres().await else { return };
    is_traced(&filled);
}
