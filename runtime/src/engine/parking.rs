//! Parks runs that are not active: changes their rows without an entry.

use super::committer::Lane;
use super::core::Core;
use super::threads;
use crate::metrics;
use crate::record::ParkReason;
use crate::store::{Append, Change, Lease, Rejected, RunKey, RunRow, Status, Store, StoreError, StoreErrorKind, Write};
use std::time::Duration;

/// The wait before a retry.
const AGAIN: Duration = Duration::from_secs(5);

/// Parks a run that has no driver, once the store works.
pub(super) async fn park_by_number(core: &Core, number: i64, reason: &ParkReason) {
    loop {
        let row = blocking(core, move |store| store.run(RunKey::Number(number))).await;
        let parked = match row {
            Ok(Some(row)) => match core.lease(row.lease) {
                Some(lease) if !row.status.is_final() => park(core, &row, lease, reason.clone()).await.map(drop),
                _ => Ok(()),
            },
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        let Err(error) = parked else { return };
        tracing::error!(run = number, %error, "the run stands still and cannot be parked yet");
        if error.kind == StoreErrorKind::Closed || !core.pause(AGAIN).await {
            return;
        }
    }
}

/// Parks a run that could not be rebuilt; `false` if it is no longer ours.
pub(super) async fn park(core: &Core, row: &RunRow, lease: Lease, reason: ParkReason) -> Result<bool, StoreError> {
    tracing::warn!(run = %row.id, workflow = %row.workflow, %reason, "the run is parked");
    let unfinished = row.parked.as_deref().and_then(ParkReason::from_json).and_then(|before| before.unfinished);
    let reason = ParkReason { unfinished, ..reason };
    let change = Change {
        status: Some(Status::Parked),
        wake_at: Some(None),
        parked: Some(Some(reason.to_json())),
        release: true,
        loads: Some(0),
        traced: false,
    };
    let parked = append(core, row, lease, change).await;
    if let Ok(true) = parked {
        metrics::run_parked(&row.workflow);
    }
    parked
}

/// Changes a run's row without an entry; `false` if the run is no longer ours.
pub(super) async fn append(core: &Core, row: &RunRow, lease: Lease, change: Change) -> Result<bool, StoreError> {
    let append = Append {
        run: row.number,
        lease,
        after: row.seq,
        entries: Vec::new(),
        fields: Vec::new(),
        taken: Vec::new(),
        outgoing: Vec::new(),
        transaction: None,
        change,
        at: core.now(),
    };
    match core.committer.write_in(Lane::Waking, Write::from(append)).await? {
        Ok(_) => Ok(true),
        Err(Rejected::Refused(text)) => Err(StoreError::new(StoreErrorKind::Io, text)),
        Err(_) => Ok(false),
    }
}

/// Reads the store on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    core: &Core,
    work: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = core.store.clone();
    let task = threads::blocking(&core.runtime, move || work(&*store))
        .map_err(|error| StoreError::new(StoreErrorKind::Io, error.to_string()))?;
    task.await.unwrap_or_else(|_| Err(StoreError::new(StoreErrorKind::Closed, "the runtime is shutting down")))
}
