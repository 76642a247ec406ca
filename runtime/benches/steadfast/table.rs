//! The table of results, for people and, as JSON lines, for programs.

use std::io::Write as _;

/// One result beside its limit.
struct Line {
    name: String,
    value: f64,
    unit: &'static str,
    limit: Option<f64>,
    ratio: Option<f64>,
    aim: String,
}

pub(crate) struct Table(Vec<Line>);

impl Table {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// A result with the raw limit that was measured in the same run; the ratio is value to limit.
    pub(crate) fn against(&mut self, name: &str, value: f64, unit: &'static str, limit: f64, aim: &str) {
        let (name, aim) = (name.to_owned(), aim.to_owned());
        self.add(Line { name, value, unit, limit: Some(limit), ratio: Some(value / limit), aim });
    }

    /// A result without a raw limit.
    pub(crate) fn alone(&mut self, name: &str, value: f64, unit: &'static str, aim: &str) {
        let (name, aim) = (name.to_owned(), aim.to_owned());
        self.add(Line { name, value, unit, limit: None, ratio: None, aim });
    }

    fn add(&mut self, line: Line) {
        eprintln!("{}: {:.1} {}", line.name, line.value, line.unit);
        self.0.push(line);
    }

    pub(crate) fn print(&self) {
        let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
        println!("{:<52} {:>12} {:<10} {:>12} {:>6}  to reach", "", "value", "unit", "raw limit", "ratio");
        for line in &self.0 {
            let ratio = line.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
            let (value, limit) = (number(line.value), cell(line.limit));
            println!("{:<52} {value:>12} {:<10} {limit:>12} {ratio:>6}  {}", line.name, line.unit, line.aim);
        }
        if let Some(path) = std::env::var_os("STEADFAST_BENCH_JSON") {
            let mut file = std::fs::File::create(path).expect("the file named by STEADFAST_BENCH_JSON can be written");
            for Line { name, value, unit, limit, ratio, .. } in &self.0 {
                let json =
                    serde_json::json!({"name": name, "value": value, "unit": unit, "limit": limit, "ratio": ratio});
                writeln!(file, "{json}").expect("the file named by STEADFAST_BENCH_JSON can be written");
            }
        }
    }
}

fn number(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The middle of several measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
