//! The time of day, real or skipped.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the engine reads the time of day from.
#[derive(Debug)]
pub(crate) enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still and jumps to the next due time when the engine has nothing else to do.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "made by the testing feature only"))]
    Skipping(AtomicI64),
}

impl Clock {
    /// Now, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        match self {
            Self::System => system_now(),
            Self::Skipping(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Whether sleeps are skipped.
    pub(crate) const fn skips(&self) -> bool {
        matches!(self, Self::Skipping(_))
    }

    /// Jumps to a moment, if it lies ahead.
    pub(crate) fn jump(&self, to: i64) {
        if let Self::Skipping(now) = self {
            now.fetch_max(to, Ordering::SeqCst);
        }
    }
}

pub(crate) fn system_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
