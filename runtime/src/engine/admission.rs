//! How many runs come back into memory at a time, so that those at work and those that begin get on too.

use std::pin::pin;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many histories are read at a time.
const AT_ONCE: usize = 32;

/// How long others wait for one that is loaded: what holds one run up, such as a field store that hangs, must not hold up
/// those behind it.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The places of those that are loaded now; first come, first served.
pub(crate) struct Places(Semaphore);

impl Default for Places {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Places {
    /// Loads a run once there is a place for it. One that takes long gives its place away.
    pub(super) async fn admit<T>(&self, load: impl Future<Output = T>) -> T {
        // It is never closed.
        let place = self.0.acquire().await;
        let mut load = pin!(load);
        if let Ok(loaded) = timeout(PATIENCE, &mut load).await {
            return loaded;
        }
        drop(place);
        load.await
    }
}
