//! Sends items to runs from outside: they wait in the inbox until the run's owner takes them into the journal.

use super::clock::AGAIN;
use super::core::{Core, DriverEvent};
use super::error::EngineError;
use super::fields;
use super::reseal::Reseal;
use crate::field_store::FieldStoreError;
use crate::fields::Fields;
use crate::record::{InboxKind, RemoteEnd};
use crate::store::{
    AuditRow, InboxRow, Lease, NewInboxItem, Rejected, RequestKey, RunKey, RunRow, Status, Store, StoreError, Write,
    successor,
};
use crate::value::{Pointer, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The shortest wait before a field store that has failed is tried again.
const LEAST: Duration = Duration::from_millis(10);
/// The number of items read at a time.
const PAGE: usize = 4_096;

/// Puts an item into a run's inbox, durably, and wakes the run if it is ours. Runs to its end even if the caller stops
/// waiting.
pub(super) async fn send(
    core: &Arc<Core>,
    id: &str,
    item: NewInboxItem,
    record: Option<&Arc<AuditRow>>,
) -> Result<(), EngineError> {
    let (sending, id, record) = (core.clone(), id.to_owned(), record.cloned());
    core.to_the_end(async move { send_to_the_end(&sending, id, item, record.as_deref()).await }).await
}

async fn send_to_the_end(
    core: &Arc<Core>,
    id: String,
    mut item: NewInboxItem,
    record: Option<&AuditRow>,
) -> Result<(), EngineError> {
    loop {
        let run = item.run;
        match core.committer.write(Write::Send(item.clone()).recorded(record)).await {
            Ok(Ok(_)) => {
                look(core, run).await;
                return Ok(());
            }
            Ok(Err(Rejected::NoSuchRun)) => return Err(EngineError::NoSuchRun { id }),
            Ok(Err(Rejected::Refused(text))) => return Err(EngineError::value(text)),
            Ok(Err(_)) => {
                let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
                // A value sealed for the replaced run cannot be read by its successor.
                if let Some(replaced) = row.clone().filter(|row| row.status == Status::Replaced)
                    && !item.value.as_ref().is_some_and(Value::holds_secret)
                    && let Some(next) = core.read(move |store| successor(store, &replaced)).await?
                {
                    item.run = next.number;
                    continue;
                }
                let status = row.map_or(Status::Deleting, |row| row.status);
                return Err(EngineError::WrongStatus { id, status, action: "nothing more reaches it" });
            }
            // The outcome is unknown. An item with a key is written once, however often it is sent.
            Err(error) => {
                look(core, run).await;
                // So is one with a record.
                let is_once = item.key.is_some() || record.is_some();
                if !is_once || error.is_for_good() || !core.pause(AGAIN).await {
                    return Err(error.into());
                }
            }
        }
    }
}

/// Makes a run read its inbox: an active run is notified; another run of ours is loaded.
pub(super) async fn look(core: &Arc<Core>, mut run: i64) {
    while !core.send_event(run, DriverEvent::Look) {
        match core.read(move |store| store.run(RunKey::Number(run))).await {
            // The inbox has moved to the successor.
            Ok(Some(row)) if row.status == Status::Replaced => {
                match core.read(move |store| successor(store, &row)).await {
                    Ok(Some(next)) => run = next.number,
                    Ok(None) => return,
                    Err(error) => {
                        tracing::error!(%error, "what has come for a run reaches nobody");
                        return;
                    }
                }
            }
            // It is for any engine that has its workflow.
            Ok(Some(row)) if row.lease.is_none() && row.status.is_driven() => return core.look_for_runs(),
            Ok(Some(row)) if row.status == Status::Paused && !is_moved(core, run).await => return,
            Ok(Some(row)) if row.status != Status::Parked && core.lease(row.lease).is_some() => {
                if core.load(run) {
                    return;
                }
            }
            Err(error) if !error.is_for_good() && core.pause(AGAIN).await => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// Returns whether an item makes a paused run act; other items wait until it is resumed.
async fn is_moved(core: &Core, run: i64) -> bool {
    let items = core.read(move |store| store.inbox(RunKey::Number(run), 0, usize::MAX)).await;
    items.is_ok_and(|items| items.iter().any(|item| matches!(item.kind, InboxKind::Cancel | InboxKind::Resume)))
}

/// Makes several runs read their inboxes, without waiting for them.
pub(super) fn look_all(core: &Arc<Core>, runs: Vec<i64>) {
    let absent: Vec<i64> = runs.into_iter().filter(|run| !core.send_event(*run, DriverEvent::Look)).collect();
    if absent.is_empty() {
        return;
    }
    let (core, busy) = (core.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        for run in absent {
            look(&core, run).await;
        }
        drop(busy);
    });
}

/// Returns the items in the inbox of a run after a given one. The result of a run is sealed for that run: it is
/// resealed for the run that waits for it.
pub(crate) fn items(
    store: &dyn Store,
    run: i64,
    fields: &Fields,
    after: i64,
    limit: usize,
) -> Result<Vec<InboxRow>, StoreError> {
    let mut items = store.inbox(RunKey::Number(run), after, limit)?;
    for item in items.iter_mut().filter(|item| item.value.as_ref().is_some_and(Value::holds_secret)) {
        if matches!(item.kind, InboxKind::Message | InboxKind::Answer) {
            reseal_moved(store, run, fields, item)?;
        }
    }
    for item in items.iter_mut().filter(|item| item.kind == InboxKind::Ended) {
        let Some(value) = item.value.as_mut().filter(|value| value.holds_secret()) else { continue };
        let Some(ended) = item.sender.as_deref().map(|id| store.run(RunKey::Id(id))).transpose()?.flatten() else {
            continue;
        };
        let reseal = Reseal { from: fields.vault_of(ended.execution), to: fields.vault_of(fields.run().execution) };
        if let Err(error) = reseal.ended_with(value) {
            // The waiting run detects this too, and is parked with the same reason.
            tracing::warn!(run = %fields.run().id, ended = %ended.id, %error, "a secret of a run that has ended cannot be read");
        }
    }
    Ok(items)
}

/// Returns the pointer to the result of an attempt that ran in another process, if that is in a field store.
pub(crate) fn result_of(item: &InboxRow) -> Option<Pointer> {
    let end = item.name.as_deref().filter(|_| item.kind == InboxKind::Attempt).and_then(RemoteEnd::read)?;
    Pointer::read(&end.pointer()?).ok()
}

/// Loads the results of attempts that ran in another process from their field stores. The run waits for a store that
/// fails, for as long as it does. An item keeps no value if a further try is no use, which parks the run. If the engine
/// stops meanwhile, the remaining items are left in the inbox.
pub(super) async fn load_results(core: &Core, run: i64, fields: &Fields, items: &mut Vec<InboxRow>) {
    for place in 0..items.len() {
        let Some(pointer) = result_of(&items[place]) else { continue };
        match load_result(core, run, fields, &pointer).await {
            Some(Ok(value)) => items[place].value = Some(value),
            Some(Err(error)) => {
                let run = &fields.run().id;
                tracing::error!(%run, %error, "the result of a remote step cannot be loaded");
            }
            None => return items.truncate(place),
        }
    }
}

/// Loads a result; `None` if the engine stops meanwhile.
///
/// # Errors
/// A further try is no use.
async fn load_result(
    core: &Core,
    run: i64,
    fields: &Fields,
    pointer: &Pointer,
) -> Option<Result<Value, FieldStoreError>> {
    let policy = core.options.field_stores;
    let what = format!("{} is not loaded yet: store `{}`", fields::said(&pointer.field), pointer.store);
    let mut failed = 0_u32;
    loop {
        let loaded = fields::noticed(core, run, &what, fields.load(pointer)).await;
        let error = match loaded {
            Err(error) if !error.is_for_good() => error,
            loaded => {
                core.set_blocked(run, None);
                return Some(loaded);
            }
        };
        failed = failed.saturating_add(1);
        let blocked = format!("{what} failed {failed} times: {error}");
        tracing::warn!(run, blocked, "a field store failed; it is tried again");
        core.set_blocked(run, Some(blocked));
        if !core.pause(policy.wait(failed, 0.5).max(LEAST)).await {
            return None;
        }
    }
}

/// Reseals an item that reached an earlier execution of the run in the commit of its continue-as-new, and is sealed for
/// that execution. If no execution can open it, it is left unchanged, and parks the run that reads it.
fn reseal_moved(store: &dyn Store, run: i64, fields: &Fields, item: &mut InboxRow) -> Result<(), StoreError> {
    let answer = match (&item.kind, item.name.as_deref()) {
        (InboxKind::Answer, Some(id)) => {
            store.requests(RequestKey::Id(id))?.into_iter().next().map(|request| request.answer)
        }
        _ => None,
    };
    let mut execution = earlier(store, store.run(RunKey::Number(run))?)?;
    while let Some(row) = execution {
        let reseal = Reseal { from: fields.vault_of(row.execution), to: fields.vault_of(fields.run().execution) };
        let mut resealed = NewInboxItem::from(item.clone());
        // An item that is sealed for another execution stays unchanged.
        if reseal.item(&mut resealed, answer.as_deref()).is_ok() {
            item.value = resealed.value;
        }
        execution = earlier(store, Some(row))?;
    }
    Ok(())
}

/// Returns the execution whose successor this one is.
fn earlier(store: &dyn Store, row: Option<RunRow>) -> Result<Option<RunRow>, StoreError> {
    let forked_from = row
        .and_then(|row| row.forked_from.filter(|forked_from| row.first_run != row.number && *forked_from < row.number));
    forked_from.map_or(Ok(None), |forked_from| store.run(RunKey::Number(forked_from)))
}

/// Makes the runs of a lease look for new items; `false` if that could not be read. Called on a thread that may block.
pub(super) fn collect(core: &Arc<Core>, lease: Lease) -> bool {
    match waiting(&*core.store, lease.number) {
        Ok(runs) => {
            look_all(core, runs.into_iter().collect());
            true
        }
        Err(error) => {
            tracing::warn!(%error, "the inbox cannot be read now");
            false
        }
    }
}

/// Returns the runs of a lease that have items in their inboxes.
pub(super) fn waiting(store: &dyn Store, lease: i64) -> Result<BTreeSet<i64>, StoreError> {
    let mut runs = BTreeSet::new();
    let mut after = 0;
    loop {
        let items = store.inbox(RunKey::Lease(lease), after, PAGE)?;
        runs.extend(items.iter().map(|item| item.run));
        match items.last() {
            Some(last) if items.len() == PAGE => after = last.number,
            _ => return Ok(runs),
        }
    }
}
