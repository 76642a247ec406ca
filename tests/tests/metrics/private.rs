//! No value of a user is in a name or a label, and every name and label is in the guide.

use crate::page::{count, ended, recorder};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{Message, Queue, Scope, scoped};

/// What is planted in every value. It is in no name of the code.
const PLANTED: &str = "zq7";

#[derive(Message, Serialize, Deserialize)]
struct Word(String);

#[derive(Clone, StepContext)]
struct Known {
    text: String,
}

#[step(retry(attempts = 2, backoff = "1ms"))]
async fn repeats(_known: &Known, text: String) -> Result<String> {
    Err(Error::msg(text))
}

#[workflow(context = Known)]
async fn discreet(start: Start<Known>, text: String) -> Result<String> {
    let mut flow = start.with(Known::builder().text(text.clone()).build()).await?;
    let Word(word) = flow.receive::<Word>().await?;
    assert!(repeats(&flow, word).await.is_err());
    flow.set_label("seen", &text);
    flow.update(|known| known.text(format!("{text} again"))).await?;
    Err(Error::msg(text))
}

#[tokio::test]
async fn no_value_of_a_user_is_shown() {
    recorder();
    let queue = Queue::new("discreet").key(|text: &String| text.clone());
    let builder = Engine::builder().in_memory().queue(queue).workflow(discreet).serve("discreet", 2);
    let engine = builder.start().await.unwrap();
    for n in 0..3 {
        let planted = |what: &str| format!("{PLANTED}-{what}-{n}");
        let scope = Scope::new().queue("discreet").label("team", planted("label")).deduplication_key(planted("dedup"));
        let run = scoped(scope, async { engine.start(discreet, planted("input")).id(planted("id")).await.unwrap() });
        let run = run.await;
        engine.send(run.id(), Word(planted("message"))).await.unwrap();
        run.result().soon().await.unwrap_err();
    }
    assert_eq!(ended("discreet", "failed"), 3);
    assert!(count("steadfast_queue_wait_seconds_count", &[r#"queue="discreet""#]) >= 3);
    let page = recorder().render();
    let shown: Vec<_> = page.lines().filter(|line| line.contains(PLANTED)).collect();
    assert!(shown.is_empty(), "{shown:?}");
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    assert_documented(&page);
}

/// Returns the labels of each metric in the table of the guide.
fn documented() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let rows = include_str!("../../../docs/src/metrics.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.filter_map(|row| {
        let columns: Vec<_> = row.split('|').map(str::trim).collect();
        let labels = columns.get(3)?.split(", ").map(|label| label.trim_matches('`'));
        Some((columns[0].trim_end_matches('`'), labels.filter(|label| !label.is_empty()).collect()))
    });
    rows.filter(|(name, _)| name.starts_with("steadfast_")).collect()
}

fn assert_documented(page: &str) {
    let documented = documented();
    assert!(documented.len() > 20, "the table of the guide is read");
    for line in page.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, rest) = line.split_once(['{', ' ']).unwrap();
        let stems = ["_bucket", "_sum", "_count"].iter().filter_map(|suffix| name.strip_suffix(suffix));
        let known = stems.chain([name]).find_map(|name| documented.get(name));
        let known = known.unwrap_or_else(|| panic!("{name} is not in the guide"));
        let labels = rest.split_once('}').map_or("", |(labels, _)| labels);
        for label in labels.split(',').filter_map(|label| label.split_once('=')).map(|(label, _)| label) {
            assert!(label == "le" || known.contains(label), "{name} has the label {label}, which the guide lacks");
        }
    }
}
