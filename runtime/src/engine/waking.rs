//! Handles the wake-ups of the timers.

use super::core::{Core, DriverEvent};
use super::timers::Sleeper;
use super::{recovery, setting};
use std::sync::Arc;

/// Handles a sleeper that is due.
pub(super) fn wake(core: &Arc<Core>, sleeper: Sleeper) {
    match sleeper {
        Sleeper::Run(run) => {
            core.send_event(run, DriverEvent::Due);
        }
        Sleeper::Clock => setting::begin(core),
        Sleeper::Evicted => recovery::wake_evicted(core),
    }
}
