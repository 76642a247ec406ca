//! Writes lines: redrawn in place on a terminal, and elsewhere appended when they have changed.

#[cfg(test)]
mod tests;

use super::view::View;
use crate::run_env::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

/// The interval at which changes are written where drawing is impossible.
const BETWEEN: Duration = Duration::from_secs(1);

/// Standard error, as a terminal or not.
pub(super) enum Screen {
    Terminal { all: MultiProgress, lines: Vec<ProgressBar> },
    Plain { written: Vec<String>, last: Option<Instant> },
}

impl Screen {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if all.is_hidden() || is_dumb {
            return Self::Plain { written: Vec::new(), last: None };
        }
        Self::Terminal { all, lines: Vec::new() }
    }

    /// Shows the current state.
    pub(super) fn show(&mut self, view: &mut View, progress: &[Progress]) {
        match self {
            Self::Terminal { all, lines } => {
                for line in view.take_said() {
                    // An error means that the terminal is gone.
                    let _ = all.println(line);
                }
                redraw(all, lines, &view.lines(progress, Some(SystemTime::now())));
            }
            Self::Plain { written, last } => {
                view.take_said().iter().for_each(|line| write(line));
                if last.is_none_or(|last| last.elapsed() >= BETWEEN) {
                    *last = Some(Instant::now());
                    write_new(written, view.lines(progress, None));
                }
            }
        }
    }

    /// Shows the final state.
    pub(super) fn finish(&mut self, view: &mut View, progress: &[Progress]) {
        if let Self::Plain { last, .. } = self {
            *last = None;
        }
        self.show(view, progress);
        self.leave();
    }

    /// Leaves the lines where they are: later output goes below.
    fn leave(&mut self) {
        match self {
            Self::Terminal { lines, .. } => lines.drain(..).for_each(|line| line.abandon()),
            Self::Plain { written, .. } => written.clear(),
        }
    }
}

/// A caller may drop the call to ask a person something: the view stays above the question.
impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Replaces the lines on the screen by these.
fn redraw(all: &MultiProgress, drawn: &mut Vec<ProgressBar>, lines: &[String]) {
    while drawn.len() > lines.len() {
        if let Some(line) = drawn.pop() {
            line.finish_and_clear();
            all.remove(&line);
        }
    }
    while drawn.len() < lines.len() {
        let style = ProgressStyle::with_template("{wide_msg}").expect("the template is right");
        drawn.push(all.add(ProgressBar::new_spinner().with_style(style)));
    }
    for (bar, line) in drawn.iter().zip(lines) {
        if bar.message() != *line {
            bar.set_message(line.clone());
        }
    }
}

/// Writes those of these lines that were not among the last ones.
fn write_new(written: &mut Vec<String>, lines: Vec<String>) {
    lines.iter().filter(|line| !written.contains(line)).for_each(|line| write(line));
    *written = lines;
}

fn write(line: &str) {
    // Best effort: standard error may be closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}
