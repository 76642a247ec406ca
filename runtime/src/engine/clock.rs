//! The engine's two clocks: a monotonic one for durations, and the wall clock for moments and for what is recorded.

pub(super) use crate::record::millis::moment;

use crate::machine::UNNOTICED;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The wait before something is tried again whose outcome is unknown, because the database did not answer.
pub(super) const AGAIN: Duration = Duration::from_millis(200);

/// Both clocks read at one moment, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The wall clock, since 1970.
    pub(crate) wall: i64,
    /// The monotonic clock, which began with the engine at the wall clock's time.
    pub(crate) elapsed: i64,
    /// The change of the wall clock since then, as far as noticed: added to a time of the monotonic clock, it
    /// yields the wall-clock time to record.
    pub(crate) offset: i64,
}

impl Reading {
    /// Returns when the wall clock will show this moment, on the monotonic clock.
    pub(crate) const fn elapsed_at(self, moment: i64) -> i64 {
        moment.saturating_sub(self.wall.saturating_sub(self.elapsed))
    }
}

/// The clocks of an engine.
#[derive(Debug)]
pub(crate) struct Clock {
    source: Source,
    offset: AtomicI64,
}

#[derive(Debug)]
enum Source {
    /// The machine's clocks.
    System { begun: Instant, at: i64 },
    /// One clock for both, which is stopped and jumps to the next due time when the engine is idle.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "made by the testing feature only"))]
    Skipping(AtomicI64),
}

/// A reading that took longer than this is discarded.
const PROMPT: Duration = Duration::from_millis(20);

impl Clock {
    pub(crate) fn system() -> Self {
        let source = Source::System { begun: Instant::now(), at: system_now() };
        Self { source, offset: AtomicI64::new(0) }
    }

    #[cfg(feature = "testing")]
    pub(crate) const fn skipping(at: i64) -> Self {
        Self { source: Source::Skipping(AtomicI64::new(at)), offset: AtomicI64::new(0) }
    }

    /// Returns the wall clock, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        match &self.source {
            Source::System { .. } => system_now(),
            Source::Skipping(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Returns the monotonic clock, in milliseconds.
    pub(crate) fn elapsed(&self) -> i64 {
        match &self.source {
            Source::System { begun, at } => {
                at.saturating_add(i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX))
            }
            Source::Skipping(now) => now.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn read(&self) -> Reading {
        let elapsed = self.elapsed();
        let wall = if self.skips() { elapsed } else { self.now() };
        Reading { wall, elapsed, offset: self.offset() }
    }

    pub(crate) fn offset(&self) -> i64 {
        self.offset.load(Ordering::SeqCst)
    }

    /// Returns how far the wall clock was set since the last change that was noticed; `None` if it was not.
    pub(crate) fn was_set(&self) -> Option<i64> {
        let Source::System { .. } = &self.source else { return None };
        let asked = Instant::now();
        let (before, wall) = (self.elapsed(), self.now());
        // The thread may have been suspended between the two readings.
        if asked.elapsed() > PROMPT {
            return None;
        }
        let by = wall.saturating_sub(before).saturating_sub(self.offset());
        (by.saturating_abs() >= UNNOTICED).then_some(by)
    }

    /// Adds to the offset with which times are recorded from now on.
    pub(crate) fn set(&self, by: i64) {
        self.offset.fetch_add(by, Ordering::SeqCst);
    }

    /// Returns whether sleeps are skipped.
    pub(crate) const fn skips(&self) -> bool {
        matches!(self.source, Source::Skipping(_))
    }

    /// Jumps to a moment, if it lies ahead.
    pub(crate) fn jump(&self, to: i64) {
        if let Source::Skipping(now) = &self.source {
            now.fetch_max(to, Ordering::SeqCst);
        }
    }
}

fn system_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
