//! Ends a run here, so that it can continue elsewhere.

use crate::engine::{
    core::{Core, DriverEvent, Outcome},
    error::EngineError,
    half_copied,
    kept_out::KeptOut,
};

use crate::machine::MovedState;
use crate::metrics;
use crate::store::{Append, Bond, Change, Lease, RunKey, RunRow, Status, Write};
use std::sync::Arc;
use std::time::Duration;

/// The wait before a retry, when an active run is not evicted or was evicted before it received the event.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Ends a run of ours, or one without owner, as moved; a run moved before is left unchanged. Runs to its end even if
/// the caller stops waiting.
///
/// # Errors
/// The run has ended or belongs to another engine, or the database does not work.
pub(super) async fn end_here(core: &Arc<Core>, run: i64, id: &str) -> Result<(), EngineError> {
    let (engine, core, id) = (core, core.clone(), id.to_owned());
    let ending = engine.to_the_end(async move {
        loop {
            let row = core.ask(move |store| store.run(RunKey::Number(run))).await?;
            let Some(row) = row else { return Err(EngineError::NoSuchRun { id }) };
            if row.status == Status::Moved {
                return Ok(());
            }
            check(&core, &row)?;
            refuse_if_bound(&core, &row).await?;
            match KeptOut::take(&core, run, KeptOut::UNKNOWN) {
                // No driver can activate the run while we occupy its place.
                Some(kept_out) => end_in_database(&core, kept_out, run).await?,
                None => end_in_memory(&core, run).await,
            }
            if core.is_draining() {
                return Err(EngineError::ShuttingDown);
            }
        }
    });
    ending.await
}

fn check(core: &Core, row: &RunRow) -> Result<(), EngineError> {
    let action = if row.status.is_final() || row.status == Status::Deleting {
        "only a run that has not ended can be moved; `export` copies it"
    } else if half_copied::is_half_copied(row) {
        "it is not complete here, so it cannot be moved; delete it"
    } else if row.lease.is_some() && core.lease(row.lease).is_none() {
        "another engine drives it, and only that one can move it"
    } else if core.workflows.get(&row.workflow, row.version).is_none() {
        return Err(EngineError::UnknownWorkflow { name: row.workflow.clone(), version: row.version });
    } else {
        return Ok(());
    };
    Err(EngineError::WrongStatus { id: row.id.clone(), status: row.status, action })
}

/// Refuses to move a run that others need where it is. The commit that ends it checks again.
async fn refuse_if_bound(core: &Core, row: &RunRow) -> Result<(), EngineError> {
    let number = row.number;
    let found = core.read(move |store| {
        let Some(belongings) = store.belongings(number)? else { return Ok(None) };
        let Some(bond) = belongings.bonds.first().copied() else { return Ok(Some(None)) };
        let (Bond::Parent(other) | Bond::Child(other) | Bond::Awaited(other) | Bond::Waiting(other)) = bond;
        Ok(Some(Some((bond, store.run(RunKey::Number(other))?))))
    });
    let (bond, other) = match found.await? {
        None => return Err(unknown_belongings(&row.id)),
        Some(Some((bond, Some(other)))) => (bond, other.id),
        Some(_) => return Ok(()),
    };
    let why = match bond {
        Bond::Parent(_) => "has started it, and its cancellation would not reach it elsewhere",
        Bond::Child(_) => "was started by it, and its cancellation would not reach that one from elsewhere",
        Bond::Awaited(_) => "was started by it, and it would not hear elsewhere how that one ends",
        Bond::Waiting(_) => "has started it, and would not hear how it ends elsewhere",
    };
    let id = &row.id;
    Err(EngineError::file(format!(
        "run `{id}` cannot be moved, and continues here: run `{other}` {why}. Move it once that run has ended, or copy it with \
         `export`"
    )))
}

/// Creates the error for a store that does not implement `Store::belongings`.
pub(super) fn unknown_belongings(id: &str) -> EngineError {
    EngineError::file(format!(
        "run `{id}` cannot be moved: its store does not tell what else belongs to it (`Store::belongings`). Copy it with \
         `export`"
    ))
}

/// Sends a move to the run's driver, which ends the run between two turns with all that it has appended.
async fn end_in_memory(core: &Core, run: i64) {
    let (ended, _) = core.wait_for(run);
    core.send_event(run, DriverEvent::Move);
    // The caller reads the outcome from the run's row.
    let _ = tokio::time::timeout(LOOK_AGAIN, ended).await;
}

/// Ends an evicted run by one append.
async fn end_in_database(core: &Core, kept_out: KeptOut, run: i64) -> Result<(), EngineError> {
    if append_end(core, run).await? {
        kept_out.ended(Outcome::Ended(Status::Moved, None));
    } else {
        drop(kept_out);
        core.pause(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Appends the end; `false` if the run has advanced meanwhile.
async fn append_end(core: &Core, run: i64) -> Result<bool, EngineError> {
    let row = core.ask(move |store| store.run(RunKey::Number(run))).await?;
    let Some(row) = row.filter(|row| check(core, row).is_ok()) else { return Ok(false) };
    let lease = match core.lease(row.lease) {
        Some(lease) => lease,
        None => match core.committer.write(Write::Claim { run, lease: core.leases.primary() }).await? {
            Ok(_) => core.leases.primary(),
            Err(_) => return Ok(false),
        },
    };
    let mut append = end(&row, lease, core.now());
    append.change.traced = core.traces.is_on();
    let is_written = core.committer.write(Write::from(append)).await?.is_ok();
    if is_written {
        metrics::run_ended(&row.workflow, Status::Moved);
    }
    Ok(is_written)
}

fn end(row: &RunRow, lease: Lease, at: i64) -> Append {
    let last = MovedState::new(row.status, row.wake_at, row.parked.clone(), row.dedup.clone()).entry(row.seq + 1, at);
    let change = Change {
        status: Some(Status::Moved),
        wake_at: Some(None),
        loads: Some(0),
        parked: Some(None),
        release: true,
        traced: false,
    };
    let (fields, taken) = (Vec::new(), Vec::new());
    let outgoing = Vec::new();
    Append {
        run: row.number,
        lease,
        after: row.seq,
        entries: vec![last],
        fields,
        taken,
        outgoing,
        transaction: None,
        change,
        at,
    }
}
