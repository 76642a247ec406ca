//! Rewinds a run: the new run takes its id, its inbox and the waits for its end.

use super::Plan;
use super::copy::{self, Place};
use crate::engine::{
    core::{Core, DriverEvent, Outcome},
    error::EngineError,
    import_run::{self, Placed},
    kept_out::KeptOut,
};
use crate::store::{Append, Change, Lease, RunKey, RunRow, Status, Write};
use std::sync::Arc;
use std::time::Duration;

/// The wait before a retry, when an active run is not evicted at once.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(super) async fn rewind(core: &Arc<Core>, plan: Plan) -> Result<RunRow, EngineError> {
    loop {
        let row = find(core, &plan.run).await?;
        check(core, &row)?;
        // No driver can activate the run while we occupy its place.
        if let Some(kept_out) = KeptOut::take(core, row.number, row.wake_at) {
            if let Some(row) = put_in_place(core, &plan, row.number).await? {
                kept_out.ended(Outcome::Ended(Status::Replaced, None));
                return Ok(row);
            }
        } else if row.status == Status::Paused {
            core.send_event(row.number, DriverEvent::Halt);
            // Activates the runs that it started in its last moment, since its driver no longer does.
            core.catch_up();
        }
        if !core.pause(LOOK_AGAIN).await {
            return Err(EngineError::ShuttingDown);
        }
    }
}

async fn find(core: &Core, id: &str) -> Result<RunRow, EngineError> {
    let key = id.to_owned();
    let row = core.read(move |store| store.run(RunKey::Id(&key))).await?;
    row.ok_or_else(|| EngineError::NoSuchRun { id: id.to_owned() })
}

/// Checks that the run is at rest, and that no other engine can resume it.
fn check(core: &Core, row: &RunRow) -> Result<(), EngineError> {
    let still = row.status.is_final() || matches!(row.status, Status::Parked | Status::Paused);
    let action = if row.successor.is_some() {
        "another run has taken its place already; rewind that one, or fork this one"
    } else if row.status == Status::Moved {
        "it continues elsewhere, and can only be rewound there; `fork` makes another run of its history here"
    } else if !still {
        "only a run that has ended, is parked or paused can be rewound; pause or cancel it first, or fork it"
    } else if row.lease.is_some() && core.lease(row.lease).is_none() {
        "another engine has it, and only that one can rewind it"
    } else {
        return Ok(());
    };
    Err(EngineError::WrongStatus { id: row.id.clone(), status: row.status, action })
}

/// Replaces the run; `None` if it has advanced meanwhile.
async fn put_in_place(core: &Arc<Core>, plan: &Plan, number: i64) -> Result<Option<RunRow>, EngineError> {
    let row = core.read(move |store| store.run(RunKey::Number(number))).await?;
    let Some(row) = row.filter(|row| row.id == plan.run) else { return Ok(None) };
    check(core, &row)?;
    let lease = match core.lease(row.lease) {
        Some(lease) if !is_quiet(core, &row, lease).await? => return Ok(None),
        held => held.or_else(|| core.lease_of_new()),
    };
    let history = copy::history(core, &plan.run).await?;
    let (run, contents) = copy::make(core, plan, history, Place::Instead(lease)).await?;
    match import_run::place(core, run, contents, plan.asked.record.as_ref()).await? {
        Placed::New(row) => Ok(Some(*row)),
        Placed::Exists(row) => {
            let action = "it has the id under which the run as it was would be kept: delete it, or fork instead";
            Err(EngineError::WrongStatus { id: row.id, status: row.status, action })
        }
    }
}

/// Returns whether all that its driver submitted before it exited is written: an empty append is queued behind it, and
/// fails if the run has changed.
async fn is_quiet(core: &Core, row: &RunRow, lease: Lease) -> Result<bool, EngineError> {
    let (entries, fields, taken, outgoing) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (run, after, change, at) = (row.number, row.seq, Change::default(), core.now());
    let nothing = Append { run, lease, after, entries, fields, taken, outgoing, transaction: None, change, at };
    Ok(core.committer.write(Write::from(nothing)).await?.is_ok())
}
