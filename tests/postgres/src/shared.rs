//! The clusters that the tests of one binary share.

use crate::installation::{Installation, first};
use crate::{Cluster, available};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

impl Cluster {
    /// Returns the cluster of this process, started at the first call. If there is no installation, prints so once, and
    /// returns `None`. A test that kills or stops the server must start a cluster of its own.
    ///
    /// # Panics
    /// There is no installation, and `STEADFAST_POSTGRES_REQUIRED` is `1`.
    #[must_use]
    pub fn shared() -> Option<&'static Self> {
        static FIRST: OnceLock<Option<Installation>> = OnceLock::new();
        Self::shared_of(FIRST.get_or_init(|| available(first())).as_ref()?)
    }

    /// Returns the cluster of an installation in this process, started at the first call.
    ///
    /// # Panics
    /// It does not start, or there is no user that may run it and `STEADFAST_POSTGRES_REQUIRED` is `1`.
    #[must_use]
    pub fn shared_of(installation: &Installation) -> Option<&'static Self> {
        static STARTED: Mutex<BTreeMap<PathBuf, Option<&'static Cluster>>> = Mutex::new(BTreeMap::new());
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        // A static is never dropped: the server ends with the process.
        let start = || available(Self::start_in(&installation.bin)).map(|cluster| &*Box::leak(Box::new(cluster)));
        *started.entry(installation.bin.clone()).or_insert_with(start)
    }
}
