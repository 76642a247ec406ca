//! Tries parked runs, once after each start and on request.

use super::core::Core;
use super::error::EngineError;
use super::half_copied;
use crate::record::{ParkCause, ParkReason};
use crate::store::{
    Act, AuditRow, Change, Lease, Rejected, RunKey, RunQuery, RunRow, Status, StoreError, Write, Written,
};
use std::sync::Arc;
use std::time::Duration;

/// Why a run cannot be retried.
const RETRIED: &str = "only a parked run can be retried";

/// Why a parked run that has an owner is left alone.
pub(super) const TRIED_NOW: &str =
    "an engine is trying it at this moment; look again, and repeat this if it stays parked";

const PAGE: usize = 4_096;
/// The pause between parked runs, which are tried one after the other: healthy runs come first.
const BETWEEN_PARKED: Duration = Duration::from_millis(10);

/// Tries every parked run once, at a bounded rate. Quarantined runs are left to [`Run::revive`](super::Run::revive): an
/// engine that starts must stay up.
pub(super) async fn try_parked(core: Arc<Core>) {
    let mut unfinished = Vec::new();
    try_all_parked(&core, &mut unfinished).await;
    core.trials.end();
    half_copied::release(&core, unfinished).await;
}

async fn try_all_parked(core: &Arc<Core>, unfinished: &mut Vec<i64>) {
    let mut after = None;
    loop {
        let query = RunQuery { statuses: vec![Status::Parked], after, limit: PAGE, ..RunQuery::default() };
        let page = match core.read(move |store| store.runs(&query)).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "the parked runs cannot be read, so they are left until the next start");
                return;
            }
        };
        for row in &page.runs {
            if core.is_draining() {
                return;
            }
            if was_given_up(row) {
                tracing::warn!(run = %row.id, "the run was given up, because it ends the process: revive it once it is mended");
                continue;
            }
            if half_copied::is_half_copied(row) {
                unfinished.push(row.number);
                continue;
            }
            try_once(core, row).await;
            tokio::time::sleep(BETWEEN_PARKED).await;
        }
        if page.next.is_none() {
            return;
        }
        after = page.next;
    }
}

/// Tries a parked run that this engine has not tried since its start; `false` if it has: then its reason is current.
pub(super) async fn try_once(core: &Arc<Core>, row: &RunRow) -> bool {
    if was_given_up(row) || half_copied::is_half_copied(row) {
        return false;
    }
    let Some(trial) = core.trials.of(row.number) else { return false };
    if trial.initialized() {
        return false;
    }
    trial
        .get_or_init(|| async {
            // A run that another engine has claimed meanwhile is not ours to try.
            if core.lease(row.lease).is_some() || matches!(claim(core, row.number).await, Ok(Ok(_))) {
                core.load_and_wait(row.number).await;
            }
        })
        .await;
    true
}

/// Tries one parked run now. Runs to its end even if the caller stops waiting.
pub(super) async fn retry(
    core: &Arc<Core>,
    run: i64,
    id: &str,
    record: Option<&Arc<AuditRow>>,
) -> Result<(), EngineError> {
    let (engine, core, id, record) = (core, core.clone(), id.to_owned(), record.cloned());
    let record = record.as_deref().cloned();
    let trying = engine.to_the_end(async move {
        let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
        if let Some(row) = row.filter(half_copied::is_half_copied) {
            let action = "its fields are not all here, so it cannot continue; delete it and import or start it again";
            return Err(EngineError::WrongStatus { id, status: row.status, action });
        }
        if core.lease_of_new().is_none() {
            return leave_to_others(&core, run, id, record.as_ref()).await;
        }
        let mut record = record;
        loop {
            take_parked(&core, run, id.clone(), RETRIED, record.take().as_ref()).await?;
            // The driver of an earlier try may be about to exit.
            if core.load(run) || !core.pause(BETWEEN_PARKED).await {
                return Ok(());
            }
        }
    });
    trying.await
}

/// Leaves a parked run to any engine that has its workflow, as a client does.
async fn leave_to_others(core: &Core, run: i64, id: String, record: Option<&AuditRow>) -> Result<(), EngineError> {
    let row = unowned(core, run, id.clone(), RETRIED).await?;
    let change = Change {
        status: Some(Status::Running),
        wake_at: Some(Some(0)),
        loads: Some(0),
        parked: Some(None),
        release: false,
        traced: false,
    };
    let no_lease = Lease { number: 0, epoch: 0 };
    let write = Write::AppendParked(Arc::new(half_copied::changed(&row, no_lease, change, core.now())));
    match core.committer.write(write.recorded(record)).await? {
        Ok(_) => Ok(()),
        Err(Rejected::NoSuchRun) => Err(EngineError::NoSuchRun { id }),
        Err(_) => Err(EngineError::WrongStatus { id, status: Status::Running, action: RETRIED }),
    }
}

/// Returns a parked run that no engine owns.
pub(super) async fn unowned(core: &Core, run: i64, id: String, action: &'static str) -> Result<RunRow, EngineError> {
    let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
    let Some(row) = row else { return Err(EngineError::NoSuchRun { id }) };
    if row.status != Status::Parked {
        return Err(EngineError::WrongStatus { id, status: row.status, action });
    }
    if row.lease.is_some() {
        return Err(EngineError::WrongStatus { id, status: row.status, action: TRIED_NOW });
    }
    Ok(row)
}

/// Claims a parked run; one that an earlier try left under our lease is ours already.
pub(super) async fn take_parked(
    core: &Core,
    run: i64,
    id: String,
    action: &'static str,
    record: Option<&AuditRow>,
) -> Result<(RunRow, Lease), EngineError> {
    let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
    let Some(row) = row else { return Err(EngineError::NoSuchRun { id }) };
    if row.status != Status::Parked {
        return Err(EngineError::WrongStatus { id, status: row.status, action });
    }
    if let Some(lease) = core.lease(row.lease) {
        if let Some(record) = record {
            let write = Write::Act(Box::new(Act { record: record.clone(), write: None }));
            let _ = core.committer.write(write).await?;
        }
        return Ok((row, lease));
    }
    let write = Write::Claim { run, lease: core.leases.primary() };
    match core.committer.write(write.recorded(record)).await? {
        Ok(_) => Ok((row, core.leases.primary())),
        Err(_) => Err(EngineError::WrongStatus { id, status: Status::Running, action }),
    }
}

/// Claims a run without owner.
async fn claim(core: &Core, run: i64) -> Result<Result<Written, Rejected>, StoreError> {
    core.committer.write(Write::Claim { run, lease: core.leases.primary() }).await
}

/// Returns whether a run is quarantined, from its row.
pub(super) fn was_given_up(row: &RunRow) -> bool {
    let reason = row.parked.as_deref().and_then(ParkReason::from_json);
    reason.is_some_and(|reason| reason.cause == ParkCause::TooManyLoads)
}
