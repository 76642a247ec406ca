//! What is told to runs from outside: it waits in the inbox until the run's owner takes it into the journal.

use super::core::{Core, Message};
use super::error::EngineError;
use super::load;
use crate::store::{InboxRow, Lease, NewInboxItem, Rejected, RunKey, Status, Write};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often the inbox is read after a write of unknown outcome.
const AGAIN: Duration = Duration::from_millis(200);

/// Puts something into a run's inbox, durably, and wakes the run if it is ours. Goes on to its end even if nobody waits
/// for the answer any longer.
pub(super) async fn send(core: &Arc<Core>, id: &str, item: NewInboxItem) -> Result<(), EngineError> {
    let (core, id) = (core.clone(), id.to_owned());
    let sending = core.runtime.clone().spawn(async move { send_to_the_end(&core, id, item).await });
    sending.await.unwrap_or(Err(EngineError::ShuttingDown))
}

async fn send_to_the_end(core: &Arc<Core>, id: String, item: NewInboxItem) -> Result<(), EngineError> {
    let run = item.run;
    let written = match core.committer.write(Write::Send(item.clone())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(Rejected::NoSuchRun)) => return Err(EngineError::NoSuchRun { id }),
        Ok(Err(Rejected::Refused(text))) => return Err(EngineError::Value(text)),
        Ok(Err(_)) => {
            let row = core.read(move |store| store.run(RunKey::Number(run))).await?;
            let status = row.map_or(Status::Deleting, |row| row.status);
            return Err(EngineError::WrongStatus { id, status, action: "nothing more reaches it" });
        }
        // Nobody knows whether it was written.
        Err(error) => Err(error),
    };
    // What is in the inbox the run must hear of, also if another has sent the same before.
    loop {
        if let Ok(items) = core.read(move |store| store.inbox(RunKey::Number(run), 0, usize::MAX)).await {
            let arrived = items.iter().any(|found| found.kind == item.kind && found.key == item.key);
            if deliver(core, items).await.is_ok() {
                return if arrived { Ok(()) } else { written.map_err(EngineError::from) };
            }
        }
        if !core.pause(AGAIN).await {
            return written.map_err(EngineError::from);
        }
    }
}

/// A run's inbox has something new, which is durable.
pub(super) async fn announce(core: &Arc<Core>, run: i64) {
    loop {
        if let Ok(items) = core.read(move |store| store.inbox(RunKey::Number(run), 0, usize::MAX)).await
            && deliver(core, items).await.is_ok()
        {
            return;
        }
        if !core.pause(AGAIN).await {
            return;
        }
    }
}

/// Delivers what others have put into the inboxes of a lease's runs; `false` if it could not be read. Called on a thread
/// that may block.
pub(super) fn collect(core: &Arc<Core>, lease: Lease) -> bool {
    match core.store.inbox(RunKey::Lease(lease.number), 0, usize::MAX) {
        Ok(items) if items.is_empty() => true,
        Ok(items) => {
            let core = core.clone();
            core.runtime
                .clone()
                .spawn(async move { while deliver(&core, items.clone()).await.is_err() && core.pause(AGAIN).await {} });
            true
        }
        Err(error) => {
            tracing::warn!(%error, "the inbox cannot be read now");
            false
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
