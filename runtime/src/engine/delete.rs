//! Ends and removes runs without running any of their code.

use super::core::Core;
use super::error::EngineError;
use super::parked;
use super::{garbage, inbox};
use crate::machine::plain_entry;
use crate::metrics;
use crate::record::{InboxKind, Kind};
use crate::store::{
    Append, AuditRow, Change, EntryRow, Lease, NewInboxItem, Outgoing, Rejected, RunKey, RunRow, Status, Write,
    Written, successor,
};
use crate::value::Value;
use std::sync::Arc;

/// The lease of an append to a run that no engine owns.
const NO_LEASE: Lease = Lease { number: 0, epoch: 0 };

/// The number of rows removed in one transaction, which bounds how long others wait.
const SLICE: usize = 2_000;

/// Removes a run that has ended or is parked: first its contents in field stores, while its row still reserves its id
/// and execution; then its rows, slice by slice.
///
/// The journals from before each continue-as-new are removed with it. Runs that wait for its end are notified in the
/// commit that marks it.
pub(super) async fn delete(core: &Arc<Core>, run: i64, id: &str, record: Option<&AuditRow>) -> Result<(), EngineError> {
    // Marked first: a run that may not be deleted keeps all its rows.
    if slice(core, run, id, 0, record).await? {
        return Ok(());
    }
    for before in earlier(core, run).await? {
        remove(core, before, id).await?;
    }
    remove(core, run, id).await
}

/// Returns the predecessors of a run by continue-as-new, the oldest first.
pub(super) async fn earlier(core: &Core, run: i64) -> Result<Vec<i64>, EngineError> {
    let mut chain = Vec::new();
    let (mut number, mut next) = (Some(run), None);
    while let Some(current) = number {
        let Some(row) = core.read(move |store| store.run(RunKey::Number(current))).await? else { break };
        // A fork is forked from a run too, but is not its successor.
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
    if slice(core, run, id, 0, None).await? {
        return Ok(());
    }
    let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
    if let Some(row) = row {
        // The contents of a damaged run are unknown; once it is removed they are garbage.
        let contents = garbage::contents(core, &row).await.unwrap_or_default();
        garbage::delete_contents(core, contents).await;
    }
    while !slice(core, run, id, SLICE, None).await? {}
    Ok(())
}

/// Removes some rows; returns whether the run is removed.
async fn slice(
    core: &Arc<Core>,
    run: i64,
    id: &str,
    rows: usize,
    record: Option<&AuditRow>,
) -> Result<bool, EngineError> {
    match core.committer.write(Write::Delete { run, rows }.recorded(record)).await? {
        Ok(Written::Deleted(true)) | Err(Rejected::NoSuchRun) => Ok(true),
        Ok(Written::Marked(notified)) => {
            inbox::look_all(core, notified);
            Ok(false)
        }
        Ok(_) => Ok(false),
        Err(Rejected::Refused(text)) => Err(EngineError::value(text)),
        Err(_) => Err(not_deletable(core, run, id).await?),
    }
}

/// Returns why a run cannot be deleted.
async fn not_deletable(core: &Core, run: i64, id: &str) -> Result<EngineError, EngineError> {
    let id = id.to_owned();
    let Some(row) = core.read(move |store| store.run(RunKey::Number(run))).await? else {
        return Ok(EngineError::NoSuchRun { id });
    };
    let action = if row.status == Status::Parked {
        parked::TRIED_NOW
    } else {
        "only a run that has ended or is parked can be deleted; cancel it first"
    };
    Ok(EngineError::WrongStatus { id, status: row.status, action })
}

/// Ends a parked run: claims it, appends two entries and releases it. Runs to its end even if the caller stops waiting.
pub(super) async fn cancel_parked(
    core: &Arc<Core>,
    run: i64,
    id: &str,
    reason: String,
    record: Option<Arc<AuditRow>>,
) -> Result<(), EngineError> {
    let (engine, core, id) = (core, core.clone(), id.to_owned());
    let cancelling = engine.to_the_end(async move {
        let action = "only a parked run can be ended without running its code; use `cancel`";
        let (row, lease) = match core.lease_of_new() {
            Some(_) => parked::take_parked(&core, run, id.clone(), action, None).await?,
            None => (parked::unowned(&core, run, id.clone(), action).await?, NO_LEASE),
        };
        let mut append = end(&row, lease, &reason, core.now());
        append.change.traced = core.traces.is_on();
        let append = Arc::new(append);
        let write = if lease == NO_LEASE { Write::AppendParked(append) } else { Write::Append(append) };
        match core.committer.write(write.recorded(record.as_deref())).await? {
            Ok(Written::Appended { notified, .. }) => inbox::look_all(&core, notified),
            Ok(_) => {}
            Err(_) => return Err(EngineError::WrongStatus { id, status: Status::Running, action }),
        }
        metrics::run_ended(&row.workflow, Status::Cancelled);
        core.look_for_tasks();
        Ok(())
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
        traced: false,
    };
    let cancellation = NewInboxItem {
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
        outgoing: vec![Outgoing::NotifyChildren(cancellation)],
        transaction: None,
        change,
        at,
    }
}
