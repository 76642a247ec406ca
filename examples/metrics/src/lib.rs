//! A program whose engine is watched: Prometheus scrapes it while it fulfils orders.
//!
//! Read `watch.rs` and `traces.rs` first, then `workflow.rs`, which is there to have something to watch. `alerts.yml` and
//! `dashboard.json` are for Prometheus and Grafana.

mod traces;
mod watch;
mod workflow;

pub use traces::exporter;
pub use watch::{recorder, serve};
pub use workflow::{Order, count, fulfil, orders_queue};

/// The program of the guide's chapter on metrics.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/metrics.md")]
pub struct Chapter;
