//! Ending and removing runs without running any of their code.

use super::core::Core;
use super::error::EngineError;
use super::parked;
use super::{garbage, inbox};
use crate::machine::plain_entry;
use crate::record::{InboxKind, Kind};
use crate::store::{
    Append, Change, EntryRow, Lease, NewInboxItem, Outgoing, Rejected, RunKey, RunRow, Status, Write, Written,
    successor,
};
use crate::value::Value;
use std::sync::Arc;

/// How many rows are removed in one transaction: others wait no longer than for these.
const SLICE: usize = 2_000;

/// Removes a run that has ended or is parked: what the field stores hold for it, as long as its row keeps others from its id
/// and execution; then its rows, slice by slice.
///
/// The journals that it had before it went on with a fresh one go with it. Runs that wait for its end are notified in the commit
/// that marks it.
pub(super) async fn delete(core: &Arc<Core>, run: i64, id: &str) -> Result<(), EngineError> {
    // Marked first: what may not be deleted keeps all that it had.
    if slice(core, run, id, 0).await? {
        return Ok(());
    }
    for before in earlier(core, run).await? {
        remove(core, before, id).await?;
    }
    remove(core, run, id).await
}

/// The runs whose id went from one to the next until this one had it, the oldest first.
async fn earlier(core: &Core, run: i64) -> Result<Vec<i64>, EngineError> {
    let mut chain = Vec::new();
    let (mut number, mut next) = (Some(run), None);
    while let Some(current) = number {
        let Some(row) = core.read(move |store| store.run(RunKey::Number(current))).await? else { break };
        // A fork has an origin of which it is no successor.
        if next.is_some() {
            let replaced = row.clone();
            let found = core.read(move |store| successor(store, &replaced)).await?;
            if found.map(|found| found.number) != next {
                break;
            }
        }
        if current != run {
            chain.push(current);
        }
        (number, next) = (row.forked_from, Some(current));
    }
    chain.reverse();
    Ok(chain)
}

async fn remove(core: &Arc<Core>, run: i64, id: &str) -> Result<(), EngineError> {
    // Marks it, and removes nothing yet.
    if slice(core, run, id, 0).await? {
        return Ok(());
    }
    let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
    if let Some(row) = row {
        // Of a damaged run nobody knows; once it is gone all that is there is garbage.
        let contents = garbage::contents(core, &row).await.unwrap_or_default();
        garbage::delete_contents(core, contents).await;
    }
    while !slice(core, run, id, SLICE).await? {}
    Ok(())
}

/// Removes some rows; says whether the run is gone.
async fn slice(core: &Arc<Core>, run: i64, id: &str, rows: usize) -> Result<bool, EngineError> {
    match core.committer.write(Write::Delete { run, rows }).await? {
        Ok(Written::Deleted(true)) | Err(Rejected::NoSuchRun) => Ok(true),
        Ok(Written::Marked(notified)) => {
            inbox::look_all(core, notified);
            Ok(false)
        }
        Ok(_) => Ok(false),
        Err(Rejected::Refused(text)) => Err(EngineError::value(text)),
        Err(_) => Err(EngineError::WrongStatus {
            id: id.to_owned(),
            status: Status::Running,
            action: "only a run that has ended or is parked can be deleted; cancel it first",
        }),
    }
}

/// Ends a parked run: it is taken, two entries are appended, and it is released. Goes on to its end even if nobody waits
/// for the answer any longer.
pub(super) async fn cancel_parked(core: &Arc<Core>, run: i64, id: &str, reason: String) -> Result<(), EngineError> {
    let (engine, core, id) = (core, core.clone(), id.to_owned());
    let cancelling = engine.to_the_end(async move {
        let action = "only a parked run can be ended without running its code; use `cancel`";
        let (row, lease) = parked::take_parked(&core, run, id.clone(), action).await?;
        let append = end(&row, lease, &reason, core.now());
        match core.committer.write(Write::Append(append)).await? {
            Ok(Written::Appended { notified, .. }) => {
                inbox::look_all(&core, notified);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(_) => Err(EngineError::WrongStatus { id, status: Status::Running, action }),
        }
    });
    cancelling.await
}

fn end(row: &RunRow, lease: Lease, reason: &str, at: i64) -> Append {
    let value = Some(Value::text(reason));
    let asked = EntryRow { value: value.clone(), ..plain_entry(row.seq + 1, Kind::CancelRequested, at) };
    let ended = EntryRow { cause: Some(asked.seq), value, ..plain_entry(row.seq + 2, Kind::RunCancelled, at) };
    let change = Change {
        status: Some(Status::Cancelled),
        wake_at: Some(None),
        loads: Some(0),
        parked: Some(None),
        release: true,
    };
    let notified = NewInboxItem {
        key: Some("cancel".to_owned()),
        value: Some(Value::text(reason)),
        sender: Some(row.id.clone()),
        ..NewInboxItem::new(0, InboxKind::Cancel, at)
    };
    Append {
        run: row.number,
        lease,
        after: row.seq,
        entries: vec![asked, ended],
        fields: Vec::new(),
        taken: Vec::new(),
        outgoing: vec![Outgoing::NotifyChildren(notified)],
        transaction: None,
        change,
        at,
    }
}
