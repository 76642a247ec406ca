//! Compares a run that a workflow starts with the run that already has its id.

use super::clock::AGAIN;
use super::core::{Core, DriverEvent, Envelope};
use crate::command::{Recode, same_value};
use crate::record::Kind;
use crate::store::{EntryRow, RunKey, RunRow, Store, StoreError};
use crate::value::{Value, differing};
use std::sync::Arc;
use tokio::sync::mpsc;

/// The existing run, and the start to compare it with.
pub(crate) struct Attach {
    pub(crate) row: RunRow,
    pub(crate) workflow: &'static str,
    pub(crate) input: Value,
    pub(crate) recode: Recode,
}

/// A start to compare with the run that has its id.
pub(super) struct Wanted {
    pub(super) position: u64,
    pub(super) id: String,
    pub(super) row: Option<Box<RunRow>>,
    pub(super) workflow: &'static str,
    pub(super) input: Value,
    pub(super) recode: Recode,
}

/// Compares workflow and input in a task; the outcome is sent to the driver.
pub(super) fn compare(core: &Arc<Core>, wanted: Wanted, mail: mpsc::UnboundedSender<Envelope>) {
    let (comparing, busy) = (core.clone(), core.busy());
    core.runtime.spawn(async move {
        let core = comparing;
        let Wanted { position, id, row, workflow, input, recode } = wanted;
        let found = loop {
            let (key, row) = (id.clone(), row.clone());
            match core.read(move |store| find(store, &key, row.map(|row| *row))).await {
                Ok(found) => break found,
                Err(error) => {
                    tracing::warn!(run = %id, %error, "a run that is there already cannot be read yet");
                    if !core.pause(AGAIN).await {
                        return;
                    }
                }
            }
        };
        let outcome = match found {
            Some((row, first)) => judge(&Attach { row, workflow, input, recode }, first),
            None => Err(format!("there is no run `{id}` in this database")),
        };
        // The run may have been evicted.
        let _ = mail.send(core.envelope(DriverEvent::Attached { position, id, outcome }));
        drop(busy);
    });
}

/// Returns the run with an id, and the first entry of its first run, before any continue-as-new.
pub(crate) fn find(
    store: &dyn Store,
    id: &str,
    row: Option<RunRow>,
) -> Result<Option<(RunRow, Option<EntryRow>)>, StoreError> {
    let row = row.map_or_else(|| store.run(RunKey::Id(id)), |row| Ok(Some(row)))?;
    let Some(row) = row else { return Ok(None) };
    let mut first = store.entries(row.first_run, 0, 1)?;
    if first.is_empty() {
        first = store.entries(row.number, 0, 1)?;
    }
    Ok(Some((row, first.into_iter().next())))
}

/// Checks that a run with this first entry is the one to be started.
pub(crate) fn judge(attach: &Attach, first: Option<EntryRow>) -> Result<(), String> {
    let Attach { row, workflow, input: given, recode, .. } = attach;
    let input = first.filter(|entry| entry.kind == Kind::RunStarted).and_then(|entry| entry.value);
    if row.workflow != *workflow {
        return Err(format!(
            "run `{}` is a run of workflow `{}`, not of `{workflow}`: choose another id",
            row.id, row.workflow
        ));
    }
    match input {
        Some(recorded) if same_value(recode, &recorded, given) => Ok(()),
        Some(recorded) => {
            let (recorded, given) = differing(&recorded, given);
            Err(format!(
                "run `{}` was started with input {recorded}, not with {given}: choose another id for another input",
                row.id
            ))
        }
        None => Err(format!("run `{}` has no first entry", row.id)),
    }
}
