//! How the service begins, and how it ends in order.

use crate::routes::{Service, router};
use std::time::Duration;
use steadfast::{Engine, Result, ShutdownReport};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long steps in flight may take once the service stops.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` is ready, then ends in order: no new connection, requests in flight are answered, steps in flight
/// finish and are recorded.
///
/// # Errors
/// The connection or the database fails.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<ShutdownReport> {
    let (stopping, seen) = watch::channel(false);
    let service = Service { engine: engine.clone(), stopping: seen };
    let stop = async move {
        stop.await;
        // Handlers that wait for a result answer now. Without this, they would hold the connection until it comes.
        stopping.send_replace(true);
    };
    axum::serve(listener, router(service)).with_graceful_shutdown(stop).await?;
    // Only now: until here, handlers needed the engine.
    Ok(engine.shutdown(GRACE).await?)
}
