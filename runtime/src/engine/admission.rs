//! Limits how many runs are activated at a time, so that running and starting runs progress too.

use std::pin::pin;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The number of histories read at a time.
const AT_ONCE: usize = 32;

/// The time for which a load keeps its permit: a slow one, for example because a field store hangs, must not block
/// those behind it.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The permits for runs being loaded, first come, first served.
pub(crate) struct Places(Semaphore);

impl Default for Places {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Places {
    /// Loads a run once a permit is available. A load longer than `PATIENCE` releases its permit.
    pub(super) async fn admit<T>(&self, load: impl Future<Output = T>) -> T {
        // The semaphore is never closed.
        let place = self.0.acquire().await;
        let mut load = pin!(load);
        if let Ok(loaded) = timeout(PATIENCE, &mut load).await {
            return loaded;
        }
        drop(place);
        load.await
    }
}
