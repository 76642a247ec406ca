//! The end of an engine: in order, or at once.

use super::core::{Core, Message};
use super::{Engine, EngineError};
use crate::store::{Lease, Store, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Stops an engine when its last handle is dropped.
pub(super) struct StopOnDrop(pub(super) Weak<Core>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(core) = self.0.upgrade() {
            stop(&core);
        }
    }
}

/// Stops at once: nothing more is written, bodies are dropped, others may take over. Resources go too: a body that still
/// runs keeps its own, the handle of a run keeps none.
pub(super) fn stop(core: &Arc<Core>) {
    begin(core);
    core.committer.halt();
    core.tell_all(|| Message::Halt);
    core.timers.close();
    core.leases.release();
    core.tell_waiters();
    core.moved.notify_waiters();
    core.resources.let_go();
}

/// Nothing more is started.
fn begin(core: &Core) {
    core.draining.store(true, Ordering::SeqCst);
    core.stopping.notify_waiters();
}

/// Removes a lease; one that still owns runs is left to nobody, for the next engine to take at once.
async fn hand_back(core: &Core, lease: Lease) -> Result<(), EngineError> {
    core.leases.forget(lease);
    if core.committer.write(Write::CloseLease(lease)).await?.is_ok() {
        return Ok(());
    }
    let leases = core.read(Store::leases).await?;
    if let Some(row) = leases.into_iter().find(|row| row.number == lease.number && row.epoch == lease.epoch) {
        let owner = super::lease::NOBODY.to_owned();
        // Taken from us meanwhile: then it is not ours to give.
        let _ = core.committer.write(Write::TakeLease { seen: lease, beat: row.beat, owner }).await?;
    }
    Ok(())
}

impl Engine {
    /// Ends the engine in order: nothing more is started, steps in flight may finish and are recorded, sleeping runs are
    /// left as they are. What is not done `within` this time is dropped, and the next engine goes on with it; its bodies
    /// are told first. The engine's resources are dropped, the last one made first. Returns whether everything had finished.
    ///
    /// # Errors
    /// The database did not take the last writes; nothing that was reported as done is lost.
    pub async fn shutdown(&self, within: Duration) -> Result<bool, EngineError> {
        let core = &self.core;
        begin(core);
        // Beyond what a clock can count there is no limit.
        let until = Instant::now().checked_add(within);
        core.tell_all(|| Message::Drain);
        let finished = loop {
            let moved = core.moved.notified();
            if core.is_empty() {
                break true;
            }
            let Some(until) = until else {
                moved.await;
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break false;
            }
            // Which of the two it was shows when we look again.
            let _ = tokio::time::timeout(left, moved).await;
        };
        let mut outcome = Ok(finished);
        for lease in core.leases.all() {
            let handed_back = hand_back(core, lease).await;
            outcome = outcome.and_then(|finished| handed_back.map(|()| finished));
        }
        stop(core);
        outcome
    }
}
