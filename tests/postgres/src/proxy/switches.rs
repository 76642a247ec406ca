//! The settings of a proxy, which a test changes while connections are open.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The settings of a proxy.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) is_refusing: bool,
    pub(super) is_stalled: bool,
    pub(super) delay: Duration,
    /// The number of bytes that the server may still receive.
    pub(super) bytes_left: Option<usize>,
    /// The message whose answer gets lost.
    pub(super) loses: Option<Wanted>,
    /// The number of answers lost so far.
    pub(super) lost: usize,
}

/// A message, by its text in lower case.
#[derive(Debug)]
pub(super) enum Wanted {
    /// It is the text, as `commit` is, and `begin isolation level read committed` is not.
    Is(String),
    Contains(String),
}

/// The settings, and a signal for threads that wait for a change.
#[derive(Debug, Default)]
pub(super) struct Switches {
    settings: Mutex<Settings>,
    changed: Condvar,
}

impl Switches {
    pub(super) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings());
        self.changed.notify_all();
    }

    /// Blocks for the delay, and while the proxy is stalled and not `is_over`.
    pub(super) fn hold(&self, is_over: impl Fn() -> bool) {
        let delay = self.settings().delay;
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        let stalled = |settings: &mut Settings| settings.is_stalled && !is_over();
        drop(self.changed.wait_while(self.settings(), stalled).unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts bytes for the server. Returns how many of them it still receives if the limit is reached: then the
    /// connection is cut.
    pub(super) fn limit(&self, wanted: usize) -> Option<usize> {
        let mut settings = self.settings();
        let reached = settings.bytes_left.take_if(|left| *left <= wanted);
        if let Some(left) = &mut settings.bytes_left {
            *left -= wanted;
        }
        reached
    }

    /// Returns whether the answer to this text gets lost. Only one does.
    pub(super) fn loses(&self, text: &str) -> bool {
        let mut settings = self.settings();
        let text = text.to_ascii_lowercase();
        let is_wanted = |wanted: &mut Wanted| match wanted {
            Wanted::Is(wanted) => text.trim_end_matches(';').trim() == wanted,
            Wanted::Contains(wanted) => text.contains(wanted.as_str()),
        };
        settings.loses.take_if(is_wanted).is_some()
    }
}
