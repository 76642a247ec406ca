//! Reports the progress of a long test.

use std::io::Write as _;
use std::time::{Duration, Instant};

/// The interval of the reports; a test that takes less reports nothing.
const EVERY: Duration = Duration::from_secs(10);

/// The progress of a test.
pub(super) struct Progress {
    name: &'static str,
    began: Instant,
    said: Instant,
    done: usize,
    /// The number of scenarios; unknown until all orders were run without a fault.
    total: Option<usize>,
}

impl Progress {
    pub(super) fn new(name: &'static str) -> Self {
        let now = Instant::now();
        Self { name, began: now, said: now, done: 0, total: None }
    }

    /// Sets the number of scenarios to come, and of those left out.
    pub(super) fn expect(&mut self, scenarios: usize, left_out: usize, commits: usize) {
        self.total = Some(self.done + scenarios);
        let expected = self.expected(scenarios);
        if expected > EVERY {
            let advice = match left_out {
                0 => "`.at_most(n)` plays a sample of n".to_owned(),
                left_out => format!("a sample, {left_out} others are left out"),
            };
            self.say(&format!("{commits} commits, {scenarios} scenarios, about {expected:.0?} ({advice})"));
        }
    }

    /// Counts a scenario.
    pub(super) fn played(&mut self) {
        self.done += 1;
        if self.said.elapsed() < EVERY {
            return;
        }
        let (done, since) = (self.done, self.began.elapsed());
        let rest = match self.total {
            Some(total) => format!(" of {total}, about {:.0?} to go", self.expected(total.saturating_sub(done))),
            None => ", none with a fault yet".to_owned(),
        };
        self.say(&format!("{done} scenarios{rest}, after {since:.0?}"));
    }

    fn expected(&self, scenarios: usize) -> Duration {
        let each = self.began.elapsed() / u32::try_from(self.done.max(1)).unwrap_or(u32::MAX);
        each.saturating_mul(u32::try_from(scenarios).unwrap_or(u32::MAX))
    }

    /// Writes a report; not by `eprintln!`, whose lines the test harness shows only if the test fails.
    fn say(&mut self, what: &str) {
        self.said = Instant::now();
        let _ = writeln!(std::io::stderr(), "crash_everywhere of `{}`: {what}", self.name);
    }
}
