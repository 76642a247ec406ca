//! What a long test says while it goes on.

use std::io::Write as _;
use std::time::{Duration, Instant};

/// How often it says how far it is; one that takes less says nothing.
const EVERY: Duration = Duration::from_secs(10);

/// How far a test is.
pub(super) struct Progress {
    name: &'static str,
    began: Instant,
    said: Instant,
    done: usize,
    /// Unknown until all orders were played without a fault.
    total: Option<usize>,
}

impl Progress {
    pub(super) fn new(name: &'static str) -> Self {
        let now = Instant::now();
        Self { name, began: now, said: now, done: 0, total: None }
    }

    /// So many scenarios are to come, and these were left out.
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

    /// One more was played.
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

    /// Not by `eprintln!`, whose lines a test that has not failed shows to nobody.
    fn say(&mut self, what: &str) {
        self.said = Instant::now();
        let _ = writeln!(std::io::stderr(), "crash_everywhere of `{}`: {what}", self.name);
    }
}
