//! A page of metrics, scraped and read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// The values of a page, by name and labels as they stand there.
#[derive(Debug)]
pub(crate) struct Page(BTreeMap<String, f64>);

impl Page {
    /// Scrapes an address.
    pub(crate) fn scrape(address: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(limits::LIMIT)).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let lines = answer.lines().filter(|line| line.starts_with("steadfast_"));
        let values = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        });
        Self(values.collect())
    }

    /// Returns the sum of the values of a metric whose labels contain this text.
    pub(crate) fn sum(&self, name: &str, labels: &str) -> f64 {
        self.of(name).filter(|(key, _)| key.contains(labels)).map(|(_, value)| value).sum()
    }

    /// Returns the values of a metric.
    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        self.0
            .iter()
            .filter(move |(key, _)| key.split('{').next() == Some(name))
            .map(|(key, value)| (key.as_str(), *value))
    }

    /// Returns the counters, by name and labels.
    pub(crate) fn counters(&self) -> impl Iterator<Item = (&str, f64)> {
        let is_counter = |key: &str| {
            let name = key.split('{').next().unwrap_or_default();
            ["_total", "_count", "_sum", "_bucket"].iter().any(|suffix| name.ends_with(suffix))
        };
        self.0.iter().filter(move |(key, _)| is_counter(key)).map(|(key, value)| (key.as_str(), *value))
    }

    /// Returns the value under exactly this name, with these labels.
    pub(crate) fn get(&self, key: &str) -> Option<f64> {
        self.0.get(key).copied()
    }

    /// Returns the names, without the suffixes of histograms.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.0.keys().map(|key| base(key.split('{').next().unwrap_or_default()).to_owned()).collect()
    }
}

/// Returns the name of the metric to which a line of a page belongs.
pub(crate) fn base(name: &str) -> &str {
    let documented = documented();
    let suffixes = ["_bucket", "_sum", "_count"];
    let stem = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).filter(|stem| documented.contains(*stem));
    stem.unwrap_or(name)
}

/// Returns the names in the table of the guide.
pub(crate) fn documented() -> BTreeSet<&'static str> {
    let rows = include_str!("../../../../docs/src/metrics.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split('`').next()).filter(|name| name.starts_with("steadfast_"));
    let all: BTreeSet<_> = names.collect();
    assert!(all.len() > 20, "the table of the guide is read");
    all
}
