//! The clusters that the tests of one binary share.

use crate::installation::{Installation, Missing, first};
use crate::{Cluster, ClusterOptions};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// With the value `1`, tests without a server fail.
const REQUIRED: &str = "STEADFAST_POSTGRES_REQUIRED";

impl Cluster {
    /// Returns the cluster of this process, started at the first call. If there is no installation, says so once, and
    /// returns `None`. A test that kills or stops the server must start a cluster of its own.
    ///
    /// # Panics
    /// There is no installation, and `STEADFAST_POSTGRES_REQUIRED` is `1`.
    #[must_use]
    pub fn shared() -> Option<&'static Self> {
        static FIRST: OnceLock<Result<Installation, Missing>> = OnceLock::new();
        available(FIRST.get_or_init(|| first().inspect_err(say_once))).and_then(Self::shared_of)
    }

    /// Returns the cluster of an installation in this process, started at the first call.
    ///
    /// # Panics
    /// It does not start, or there is no user that may run it and `STEADFAST_POSTGRES_REQUIRED` is `1`.
    #[must_use]
    pub fn shared_of(installation: &Installation) -> Option<&'static Self> {
        static STARTED: Mutex<BTreeMap<PathBuf, Result<&'static Cluster, Missing>>> = Mutex::new(BTreeMap::new());
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        let bin = Some(installation.bin.clone());
        let start = || Self::start_with(&ClusterOptions { bin, ..ClusterOptions::default() });
        let start = || start().map(|cluster| &*Box::leak(Box::new(cluster))).inspect_err(say_once);
        available(started.entry(installation.bin.clone()).or_insert_with(start)).copied()
    }
}

/// Prints why tests are skipped, past the capture of the test harness, which shows nothing of tests that pass.
fn say_once(missing: &Missing) {
    let _ = writeln!(std::io::stderr(), "skipped: {missing}");
}

/// Returns what is available, or `None` where it may be missing.
///
/// # Panics
/// It is missing and required.
fn available<T>(found: &Result<T, Missing>) -> Option<&T> {
    let is_required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
    match found {
        Ok(found) => Some(found),
        Err(missing) if is_required => panic!("skipped: {missing} ({REQUIRED} is set)"),
        Err(_) => None,
    }
}
