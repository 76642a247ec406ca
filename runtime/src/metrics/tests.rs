//! The table of the guide has every metric as the code has it.

use super::names::{ALL, Kind};
use metrics::Unit;

const CHAPTER: &str = include_str!("../../../docs/src/metrics.md");

#[test]
fn the_guide_lists_every_metric_as_it_is() {
    let rows = CHAPTER.lines().filter(|line| line.starts_with("| `steadfast_"));
    let documented: Vec<String> = rows.map(str::to_owned).collect();
    let known = ALL.iter().map(|metric| {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let unit = match metric.unit {
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
            _ => "",
        };
        format!("| `{}` | {kind} | {unit} | {} | {} |", metric.name, labels.join(", "), metric.about)
    });
    let known: Vec<String> = known.collect();
    assert_eq!(documented, known, "docs/src/metrics.md should have these rows:\n{}", known.join("\n"));
}

#[test]
fn names_have_their_units_as_prometheus_wants_them() {
    for metric in ALL {
        let (name, is_counter) = (metric.name, metric.kind == Kind::Counter);
        assert_eq!(name.ends_with("_total"), is_counter, "{name}");
        assert_eq!(name.ends_with("_seconds"), metric.unit == Unit::Seconds, "{name}");
        assert_eq!(name.ends_with("_bytes"), metric.unit == Unit::Bytes, "{name}");
    }
}
