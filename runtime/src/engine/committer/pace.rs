//! How large and how long the last commits were.

use std::time::Duration;

/// The duration above which a commit is not for a thread that polls other work too.
const SHORT: Duration = Duration::from_millis(1);

/// The number of commits of one write in a row after which one run is at work alone.
const ALONE: u32 = 8;

/// The pace of the commits.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The number of commits of one write in a row.
    alone: u32,
    /// The average duration of the last few commits.
    took: Duration,
}

impl Pace {
    /// Counts a commit.
    pub(super) fn learn(&mut self, writes: usize, took: Duration) {
        if writes == 0 {
            // Heartbeats alone say nothing.
            return;
        }
        self.alone = if writes == 1 { self.alone.saturating_add(1) } else { 0 };
        self.took = (self.took * 3 + took) / 4;
    }

    /// Returns how long the last commits took, on average.
    pub(super) const fn took(&self) -> Duration {
        self.took
    }

    /// Returns whether commits are of one write each, and short.
    pub(super) fn is_light(&self) -> bool {
        self.alone >= ALONE && self.took < SHORT
    }
}

#[cfg(test)]
mod tests {
    use super::{ALONE, Pace, SHORT};

    #[test]
    fn one_large_or_a_few_long_commits_end_it() {
        let mut pace = Pace::default();
        for n in 0..ALONE {
            assert!(!pace.is_light(), "after {n}");
            pace.learn(1, SHORT / 4);
        }
        assert!(pace.is_light());
        pace.learn(2, SHORT / 4);
        assert!(!pace.is_light());
        for _ in 0..ALONE {
            pace.learn(1, SHORT / 4);
        }
        assert!(pace.is_light());
        pace.learn(1, SHORT * 10);
        assert!(!pace.is_light(), "the disk is slow now");
        for _ in 0..20 {
            pace.learn(1, SHORT / 4);
        }
        assert!(pace.is_light());
    }
}
