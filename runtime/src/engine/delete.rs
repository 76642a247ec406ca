//! Ending and removing runs without running any of their code.

use super::core::Core;
use super::error::EngineError;
use crate::journal::Kind;
use crate::machine::plain_entry;
use crate::store::{Append, Change, EntryRow, Lease, Rejected, Status, Write, Written};
use crate::value::Value;

/// How many rows are removed in one transaction: others wait no longer than for these.
const SLICE: usize = 2_000;

/// Removes a run that has ended or is parked, slice by slice.
pub(super) async fn delete(core: &Core, run: i64, id: &str) -> Result<(), EngineError> {
    loop {
        match core.committer.write(Write::Delete { run, rows: SLICE }).await? {
            Ok(Written::Deleted(true)) | Err(Rejected::NoSuchRun) => return Ok(()),
            Ok(_) => {}
            Err(Rejected::Refused(text)) => return Err(EngineError::Value(text)),
            Err(_) => {
                return Err(EngineError::WrongStatus {
                    id: id.to_owned(),
                    status: Status::Running,
                    action: "only a run that has ended or is parked can be deleted; cancel it first",
                });
            }
        }
    }
}

/// Ends a parked run: it is taken, two entries are appended, and it is released.
pub(super) async fn cancel_parked(core: &Core, run: i64, id: &str, reason: String) -> Result<(), EngineError> {
    let refused = |status| EngineError::WrongStatus {
        id: id.to_owned(),
        status,
        action: "only a parked run can be ended without running its code; use `cancel`",
    };
    let row = core.read(move |store| store.run(crate::store::RunKey::Number(run))).await?;
    let row = row.ok_or_else(|| EngineError::NoSuchRun { id: id.to_owned() })?;
    if row.status != Status::Parked {
        return Err(refused(row.status));
    }
    let lease: Lease = core.leases.primary();
    if core.committer.write(Write::Claim { run, lease }).await?.is_err() {
        return Err(refused(Status::Running));
    }
    let at = core.now();
    let value = Some(Value::text(&reason));
    let asked = EntryRow { value: value.clone(), ..plain_entry(row.seq + 1, Kind::CancelRequested, at) };
    let ended = EntryRow { cause: Some(asked.seq), value, ..plain_entry(row.seq + 2, Kind::RunCancelled, at) };
    let change = Change {
        status: Some(Status::Cancelled),
        wake_at: Some(None),
        loads: Some(0),
        parked: Some(None),
        release: true,
    };
    let append = Append {
        run,
        lease,
        after: row.seq,
        entries: vec![asked, ended],
        fields: Vec::new(),
        taken: Vec::new(),
        change,
        at,
    };
    core.committer.write(Write::Append(append)).await?.map(|_| ()).map_err(|_| refused(Status::Running))
}
