//! The recorder of the program's metrics, and the endpoint that Prometheus scrapes.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;
use tokio::net::TcpListener;

/// The buckets of times, in seconds: from a commit to a wait of ten minutes.
const TIMES: [f64; 14] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0];

/// The buckets of sizes, in bytes.
const SIZES: [f64; 6] = [100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0];

/// The buckets of writes in a commit.
const WRITES: [f64; 6] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

/// The time after which the recorder sorts values into their buckets, if nothing scrapes it.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder. An engine that starts later describes its metrics to it.
///
/// # Errors
/// The program has a recorder already.
pub fn recorder() -> Result<PrometheusHandle, BuildError> {
    let ending = |suffix: &str| Matcher::Suffix(suffix.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(ending("_seconds"), &TIMES)?
        .set_buckets_for_metric(ending("_bytes"), &SIZES)?
        .set_buckets_for_metric(ending("_writes"), &WRITES)?
        .install_recorder()
}

/// Answers `GET /metrics` until `stop` is ready.
///
/// # Errors
/// The connection fails.
pub async fn serve(
    listener: TcpListener,
    metrics: PrometheusHandle,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let upkeep = metrics.clone();
    let keeping = tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    let page = async move || ([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render());
    let router = Router::new().route("/metrics", get(page));
    let served = axum::serve(listener, router).with_graceful_shutdown(stop).await;
    keeping.abort();
    served
}
