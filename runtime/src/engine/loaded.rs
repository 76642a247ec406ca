//! What a run that is loaded gets of its engine.

use super::core::{Core, DriverEvent, Envelope, Options};
use crate::machine::Machine;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Gives the run the stubs of its engine.
#[cfg(feature = "testing")]
pub(super) fn with_stubs(options: &Options, run: Box<Machine>) -> Box<Machine> {
    run.with_stubs(options.stubs.clone())
}

/// Returns the run unchanged: stubs exist in tests only.
#[cfg(not(feature = "testing"))]
pub(super) fn with_stubs(_: &Options, run: Box<Machine>) -> Box<Machine> {
    run
}

/// Returns a function that reports that a foreign waker woke the workflow.
pub(super) fn foreign(core: &Arc<Core>, mail: mpsc::UnboundedSender<Envelope>) -> impl Fn() + Send + Sync + use<> {
    let core = Arc::downgrade(core);
    move || {
        if let Some(core) = core.upgrade() {
            // The driver may have exited.
            let _ = mail.send(core.envelope(DriverEvent::Foreign));
        }
    }
}
