//! Writes a run whose contents are being copied as parked and without owner, until they are complete.

use super::core::Core;
use super::error::EngineError;
use crate::record::{ParkCause, ParkReason};
use crate::store::{Append, Change, ImportedRun, Lease, RunKey, RunRow, Status, Write};

/// Returns the run as it is written until its contents are copied.
pub(super) fn half_copied(run: &ImportedRun) -> ImportedRun {
    let message = "its fields are being copied into the stores of this engine. If this does not end, the process has died \
                   meanwhile: delete the run and import, start or fork it again";
    let reason = ParkReason::new(ParkCause::Importing, message);
    let (status, parked) = (Status::Parked, Some(reason.to_json()));
    ImportedRun { status, lease: None, wake_at: None, parked, ..run.clone() }
}

/// Returns whether a run's fields are incomplete.
pub(super) fn is_half_copied(row: &RunRow) -> bool {
    let reason = row.parked.as_deref().filter(|_| row.status == Status::Parked).and_then(ParkReason::from_json);
    reason.is_some_and(|reason| reason.cause == ParkCause::Importing)
}

/// Releases such runs, so that they can be deleted, if a process died that had just claimed them.
pub(super) async fn release(core: &Core, runs: Vec<i64>) {
    if runs.is_empty() {
        return;
    }
    // An import of this engine claims its run before the run gets its real state: a release in between would leave it
    // without an owner.
    let _alone = core.import_gate.write().await;
    for run in runs {
        if let Err(error) = release_one(core, run).await {
            tracing::warn!(run, %error, "a run whose fields are not all here is left for the next start");
        }
    }
}

async fn release_one(core: &Core, run: i64) -> Result<(), EngineError> {
    let row = core.read(move |store| store.run(RunKey::Number(run))).await?.filter(is_half_copied);
    if let Some((row, lease)) = row.and_then(|row| core.lease(row.lease).map(|lease| (row, lease))) {
        let release = Change { release: true, ..Change::default() };
        // Rejected if another engine has it now.
        core.committer.write(Write::from(changed(&row, lease, release, core.now()))).await?.ok();
    }
    Ok(())
}

pub(super) fn changed(row: &RunRow, lease: Lease, change: Change, at: i64) -> Append {
    let (entries, fields, taken) = (Vec::new(), Vec::new(), Vec::new());
    let outgoing = Vec::new();
    Append { run: row.number, lease, after: row.seq, entries, fields, taken, outgoing, transaction: None, change, at }
}
