//! Starts the service, and stops it in order.

use crate::routes::{Service, router};
use std::time::Duration;
use steadfast::{Engine, Result, ShutdownReport};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The grace period for steps in flight when the service stops.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` is ready, then stops in order: no new connections, requests in flight are answered, steps in
/// flight finish and are recorded.
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
        // Handlers that wait for a result respond now. Without this, they would keep their connections open until it
        // arrives.
        stopping.send_replace(true);
    };
    axum::serve(listener, router(service)).with_graceful_shutdown(stop).await?;
    // The engine stops last: until here, handlers needed it.
    Ok(engine.shutdown(GRACE).await?)
}
