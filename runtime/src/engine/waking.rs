//! Handles the wake-ups of the timers.

use super::core::{Core, DriverEvent, Work};
#[cfg(feature = "schedules")]
use super::firing;
use super::timers::Sleeper;
use super::{claiming, load, recovery, setting, tasks};
use std::sync::Arc;

/// The functions that the lower parts of an engine call.
pub(super) const WORK: Work = Work {
    #[cfg(feature = "schedules")]
    look_for_schedules: firing::look,
    ..load::WORK
};

/// Handles a sleeper that is due.
pub(super) fn wake(core: &Arc<Core>, sleeper: Sleeper) {
    match sleeper {
        Sleeper::Run(run) => {
            core.send_event(run, DriverEvent::Due);
        }
        Sleeper::Clock => setting::begin(core),
        #[cfg(feature = "schedules")]
        Sleeper::Schedules => firing::look(core),
        Sleeper::Evicted => recovery::wake_evicted(core),
    }
}

/// Looks for all that waits for an engine: unowned runs, schedules that are due, and remote steps.
pub(super) fn look_for_all(core: &Arc<Core>) {
    claiming::look(core);
    #[cfg(feature = "schedules")]
    firing::look(core);
    tasks::look(core);
}
