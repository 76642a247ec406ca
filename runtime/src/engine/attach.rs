//! A run that a workflow wants to start and that is there already: the same, or another.

use super::core::{Core, DriverEvent, Envelope};
use crate::command::{Recode, same_value};
use crate::record::Kind;
use crate::store::{EntryRow, RunKey, RunRow, Store, StoreError};
use crate::value::Value;
use crate::vault::redact;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What is there, and what was to be started.
pub(crate) struct Attach {
    pub(crate) row: RunRow,
    pub(crate) workflow: &'static str,
    pub(crate) input: Value,
    pub(crate) recode: Recode,
}

const AGAIN: Duration = Duration::from_millis(200);

/// What a run is to be compared with.
pub(super) struct Wanted {
    pub(super) position: u64,
    pub(super) id: String,
    pub(super) row: Option<Box<RunRow>>,
    pub(super) workflow: &'static str,
    pub(super) input: Value,
    pub(super) recode: Recode,
}

/// Compares workflow and input; the answer comes by mail.
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
        // The run may have left.
        let _ = mail.send(core.envelope(DriverEvent::Attached { position, id, outcome }));
        drop(busy);
    });
}

/// The run that has an id, and the first entry with which it was started, before it went on with fresh journals.
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

/// Whether a run with this first entry is what was to be started.
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
        Some(recorded) => Err(format!(
            "run `{}` was started with input {}, not with {}: choose another id for another input",
            row.id,
            redact(&recorded.to_string()),
            redact(&given.to_string())
        )),
        None => Err(format!("run `{}` has no first entry", row.id)),
    }
}
