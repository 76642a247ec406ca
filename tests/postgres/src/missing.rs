//! Missing programs: tests are skipped, or fail where the programs are required.

use std::fmt;
use std::io::Write as _;

/// With the value `1`, tests without a server fail.
const REQUIRED: &str = "STEADFAST_POSTGRES_REQUIRED";

/// A program that a test needs and this machine lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(pub(crate) String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// Returns a server that a test needs. If it is missing, prints a line that says why the test is skipped, and returns
/// `None`.
///
/// ```no_run
/// # use throwaway_postgres::{Cluster, available};
/// # fn test() {
/// let Some(cluster) = available(Cluster::start()) else { return };
/// # }
/// ```
///
/// # Panics
/// It is missing, and `STEADFAST_POSTGRES_REQUIRED` is `1`.
pub fn available<T>(found: Result<T, Missing>) -> Option<T> {
    let is_required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
    let skipped = |missing: &Missing| {
        assert!(!is_required, "skipped: {missing} ({REQUIRED} is set)");
        // Past the capture of the test harness, which shows nothing of tests that pass.
        let _ = writeln!(std::io::stderr(), "skipped: {missing}");
    };
    found.inspect_err(skipped).ok()
}
