//! The recorder of this process, and what it shows.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// Returns the recorder, which is installed before the first engine starts.
pub(crate) fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let all = Matcher::Prefix("steadfast_".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(all, &[0.01, 1.0]).unwrap();
        builder.install_recorder().unwrap()
    })
}

/// Returns the sum of the values of a metric with all of these labels, as `workflow="w"`.
pub(crate) fn sum(name: &str, labels: &[&str]) -> f64 {
    let page = recorder().render();
    let lines = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    let lines = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// Returns a count as a number.
pub(crate) fn count(name: &str, labels: &[&str]) -> u64 {
    // A sum of nothing is -0.
    let sum = sum(name, labels).abs();
    assert!(sum >= 0.0 && sum.fract() == 0.0, "{name} counts: {sum}");
    format!("{sum:.0}").parse().expect("a number")
}

/// Returns how many attempts of a step have ended so.
pub(crate) fn attempts(workflow: &str, step: &str, outcome: &str) -> u64 {
    let labels = [workflow_is(workflow), format!(r#"step="{step}""#), format!(r#"outcome="{outcome}""#)];
    count("steadfast_attempts_total", &labels.each_ref().map(String::as_str))
}

/// Returns how many steps have ended so.
pub(crate) fn steps(workflow: &str, step: &str, outcome: &str) -> u64 {
    let labels = [workflow_is(workflow), format!(r#"step="{step}""#), format!(r#"outcome="{outcome}""#)];
    count("steadfast_step_duration_seconds_count", &labels.each_ref().map(String::as_str))
}

/// Returns how many runs were started.
pub(crate) fn started(workflow: &str) -> u64 {
    count("steadfast_runs_started_total", &[&workflow_is(workflow)])
}

/// Returns how many runs have ended so.
pub(crate) fn ended(workflow: &str, status: &str) -> u64 {
    count("steadfast_runs_ended_total", &[&workflow_is(workflow), &format!(r#"status="{status}""#)])
}

pub(crate) fn workflow_is(workflow: &str) -> String {
    format!(r#"workflow="{workflow}""#)
}
