//! The alert rules and the dashboard name metrics that exist, and all of them.

use crate::page::{base, documented};
use std::collections::BTreeSet;

const ALERTS: &str = include_str!("../../alerts.yml");
const DASHBOARD: &str = include_str!("../../dashboard.json");

/// Returns every name of a metric in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("steadfast_")).map(|word| base(word).to_owned()).collect()
}

/// Returns the expressions of the dashboard.
fn expressions() -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    targets.map(|target| target["expr"].as_str().expect("an expression").to_owned()).collect()
}

#[test]
fn alerts_name_metrics_that_exist() {
    let (named, known) = (names(ALERTS), documented());
    assert!(named.len() >= 10, "{named:?}");
    let unknown: Vec<_> = named.iter().filter(|name| !known.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "alerts.yml names {unknown:?}, which the guide does not list");
}

#[test]
fn the_dashboard_shows_every_metric_that_exists_and_no_other() {
    let shown: BTreeSet<String> = expressions().iter().flat_map(|expression| names(expression)).collect();
    let known: BTreeSet<String> = documented().into_iter().map(str::to_owned).collect();
    assert_eq!(shown, known);
}

#[test]
fn each_expression_has_its_brackets_closed() {
    let alerts = ALERTS.split("- alert: ").skip(1).map(str::to_owned);
    for expression in expressions().into_iter().chain(alerts) {
        let count = |c: char| expression.matches(c).count();
        assert_eq!((count('('), count('['), count('{')), (count(')'), count(']'), count('}')), "{expression}");
    }
}
