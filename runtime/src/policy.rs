//! The retry policy of a step.

use std::time::Duration;

/// The retry policy of a step, as declared by `#[step(retry(..), timeout = ..)]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// The greatest number of attempts that may fail, at least 1. An attempt that ends in a crash of the process does
    /// not count.
    pub attempts: u32,
    /// The wait before the second attempt: a duration, whatever the machine's clock is set to.
    pub backoff: Duration,
    /// The factor by which the wait grows before each further attempt.
    pub factor: f64,
    /// The longest wait.
    pub max_backoff: Duration,
    /// The share of the wait that is random, from 0 (none) to 1 (anything between zero and the whole).
    pub jitter: f64,
    /// The time limit of one attempt, from the first poll of its body to its end. The time before that (for a commit, a
    /// lease, a resource, a restore hook, a thread) does not count.
    pub timeout: Option<Duration>,
}

impl Policy {
    /// One attempt without a time limit: the policy of a step without attributes. The other numbers are the defaults of
    /// `retry`: 1 s, doubled each time, at most 60 s, a tenth of it random.
    pub const ONCE: Self = Self {
        attempts: 1,
        backoff: Duration::from_secs(1),
        factor: 2.0,
        max_backoff: Duration::from_mins(1),
        jitter: 0.1,
        timeout: None,
    };

    /// Returns the wait after `failed` failed attempts: never longer than `max_backoff`, for any number of failures.
    /// `random` is between 0 and 1. A `factor` that is NaN counts as 1, a `jitter` that is NaN as 0. A negative one
    /// counts as 0, and a `jitter` above 1 as 1.
    #[must_use]
    pub fn wait(&self, failed: u32, random: f64) -> Duration {
        // Zero stays zero: zero times infinite growth would be NaN.
        if self.backoff.is_zero() {
            return Duration::ZERO;
        }
        let factor = if self.factor.is_nan() { 1.0 } else { self.factor.max(0.0) };
        let growth = factor.powi(i32::try_from(failed.saturating_sub(1)).unwrap_or(i32::MAX));
        let wait = self.backoff.as_secs_f64() * growth;
        // A wait that a `Duration` cannot hold is longer than the longest wait too.
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(self.max_backoff).min(self.max_backoff);
        let kept = 1.0 - share(self.jitter) * share(random);
        Duration::try_from_secs_f64(wait.as_secs_f64() * kept).unwrap_or(wait).min(wait)
    }
}

/// Clamps a number to the range from 0 to 1; NaN is 0.
fn share(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(0.0, 1.0) }
}
