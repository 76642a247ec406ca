//! The two clocks of an engine: a monotonic one for durations, and the time of day for moments and for what is recorded.

use crate::machine::UNNOTICED;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What both clocks show at one moment, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The time of day, since 1970.
    pub(crate) wall: i64,
    /// The monotonic clock: it begins with the engine, at the time of day that it then was.
    pub(crate) elapsed: i64,
    /// How far the time of day has been set since then, as far as that was noticed: added to a time of the monotonic clock
    /// it gives the time of day to be recorded.
    pub(crate) offset: i64,
}

impl Reading {
    /// When the time of day will be this, on the monotonic clock.
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
    /// One clock for both, which stands still and jumps to the next due time when the engine has nothing else to do.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "made by the testing feature only"))]
    Skipping(AtomicI64),
}

/// A reading that took longer says nothing.
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

    /// The time of day, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        match &self.source {
            Source::System { .. } => system_now(),
            Source::Skipping(now) => now.load(Ordering::SeqCst),
        }
    }

    /// The monotonic clock, in milliseconds.
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

    /// How far the time of day was set since that was last noticed; `None` if it was not.
    pub(crate) fn was_set(&self) -> Option<i64> {
        let Source::System { .. } = &self.source else { return None };
        let asked = Instant::now();
        let (before, wall) = (self.elapsed(), self.now());
        // The thread may have stood still between the two.
        if asked.elapsed() > PROMPT {
            return None;
        }
        let by = wall.saturating_sub(before).saturating_sub(self.offset());
        (by.saturating_abs() >= UNNOTICED).then_some(by)
    }

    /// What is recorded from now on is recorded by the time of day as it was set.
    pub(crate) fn set(&self, by: i64) {
        self.offset.fetch_add(by, Ordering::SeqCst);
    }

    /// Whether sleeps are skipped.
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

/// A moment from milliseconds since 1970.
pub(super) fn moment(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
