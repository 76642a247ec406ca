//! The progress: a bar on a terminal, a line every two seconds elsewhere.

use crate::summary::grouped;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::fmt;
use std::time::{Duration, Instant};

const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// The progress of one start.
pub(crate) struct Progress {
    bar: ProgressBar,
    orders: u64,
    /// The number of orders that ended before this start. They do not count for the speed.
    before: u64,
    done: u64,
    started: Instant,
    last_line: Instant,
}

impl Progress {
    /// Begins with the orders that have ended already.
    pub(crate) fn new(orders: usize, before: usize) -> Self {
        let (orders, before) = (orders as u64, before as u64);
        let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} orders{speed}")
            .expect("the template is right")
            .with_key("speed", move |state: &ProgressState, text: &mut dyn fmt::Write| {
                let _ = text.write_str(&speed(before, state.pos(), orders, state.elapsed()));
            });
        let bar = ProgressBar::new(orders).with_style(style).with_position(before);
        Self { bar, orders, before, done: before, started: Instant::now(), last_line: Instant::now() }
    }

    /// Counts one more settled order.
    pub(crate) fn advance(&mut self) {
        self.done += 1;
        self.bar.set_position(self.done);
        if self.bar.is_hidden() && self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            let speed = speed(self.before, self.done, self.orders, self.started.elapsed());
            say(&format!("{} of {} orders{speed}", grouped(self.done), grouped(self.orders)));
        }
    }

    /// Shows a line without disturbing the bar.
    pub(crate) fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Estimates the speed and the remaining time from the orders of this start. Returns an empty text before the first.
fn speed(before: u64, done: u64, orders: u64, elapsed: Duration) -> String {
    if done <= before {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let rate = (done - before) as f64 / elapsed.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let left = orders.saturating_sub(done) as f64 / rate;
    format!(", {rate:.0} a second, {left:.0} s left")
}

/// Prints a line to standard error, beside the result. A closed pipe is no error.
pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}
