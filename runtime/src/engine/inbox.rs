//! What is told to runs from outside: it waits in the inbox until the run's owner takes it into the journal.

use super::core::{Core, Message};
use super::error::EngineError;
use super::load;
use crate::store::{InboxRow, NewInboxItem, Rejected, RunKey, Status, Write};
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Puts something into a run's inbox, durably, and wakes the run if it is ours.
pub(super) async fn send(
    core: &Arc<Core>,
    run: i64,
    id: &str,
    kind: &str,
    key: Option<String>,
    value: Option<Value>,
) -> Result<(), EngineError> {
    let item = NewInboxItem { run, kind: kind.to_owned(), key, at: core.now(), value };
    match core.committer.write(Write::Send(item)).await? {
        Ok(_) => {}
        Err(Rejected::NoSuchRun) => return Err(EngineError::NoSuchRun { id: id.to_owned() }),
        Err(Rejected::Refused(text)) => return Err(EngineError::Value(text)),
        Err(_) => {
            let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
            let status = row.map_or(Status::Deleting, |row| row.status);
            return Err(EngineError::WrongStatus { id: id.to_owned(), status, action: "nothing more reaches it" });
        }
    }
    let items = core.read(move |store| store.inbox(RunKey::Number(run))).await?;
    deliver(core, items).await
}

/// Delivers what others have put into the inboxes of our runs. Called on a thread that may block.
pub(super) fn collect(core: &Arc<Core>) {
    for lease in core.leases.all() {
        match core.store.inbox(RunKey::Lease(lease.number)) {
            Ok(items) if !items.is_empty() => {
                let core = core.clone();
                core.runtime.clone().spawn(async move {
                    if let Err(error) = deliver(&core, items).await {
                        tracing::warn!(%error, "the inbox cannot be delivered now");
                    }
                });
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the inbox cannot be read now"),
        }
    }
}

/// Gives items to their runs: by mail to one in memory; another of ours is loaded, and finds them itself.
async fn deliver(core: &Arc<Core>, items: Vec<InboxRow>) -> Result<(), EngineError> {
    let mut by_run: BTreeMap<i64, Vec<InboxRow>> = BTreeMap::new();
    for item in items {
        by_run.entry(item.run).or_default().push(item);
    }
    for (run, items) in by_run {
        if core.tell(run, Message::Inbox(items)) {
            continue;
        }
        let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
        if row.is_some_and(|row| row.status != Status::Parked && core.lease(row.lease).is_some()) {
            load::load(core, run);
        }
    }
    Ok(())
}
