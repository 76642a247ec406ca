//! A run that a workflow wants to start and that is there already: the same, or another.

use super::core::{Core, Letter, Message};
use crate::journal::Kind;
use crate::machine::same_value;
use crate::secret::vault::redact;
use crate::store::{EntryRow, RunRow};
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What is there, and what was to be started.
pub(crate) struct Attach {
    pub(crate) position: u64,
    pub(crate) row: RunRow,
    pub(crate) workflow: &'static str,
    pub(crate) input: Value,
    pub(crate) recode: fn(&Value) -> Option<Value>,
}

const AGAIN: Duration = Duration::from_millis(200);

/// Compares workflow and input; the answer comes by mail.
pub(super) fn compare(core: &Arc<Core>, attach: Attach, mail: mpsc::UnboundedSender<Letter>) {
    let (comparing, busy) = (core.clone(), core.busy());
    core.runtime.spawn(async move {
        let core = comparing;
        let (number, id, position) = (attach.row.number, attach.row.id.clone(), attach.position);
        let first = loop {
            match core.read(move |store| store.entries(number, 0, 1)).await {
                Ok(entries) => break entries.into_iter().next(),
                Err(error) => {
                    tracing::warn!(run = %id, %error, "a run that is there already cannot be read yet");
                    if !core.pause(AGAIN).await {
                        return;
                    }
                }
            }
        };
        let outcome = judge(&attach, first);
        // The run may have left.
        let _ = mail.send(core.letter(Message::Attached { position, id, outcome }));
        drop(busy);
    });
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
        Some(recorded) if same_value(*recode, &recorded, given) => Ok(()),
        Some(recorded) => Err(format!(
            "run `{}` was started with input {}, not with {}: choose another id for another input",
            row.id,
            redact(&recorded.to_string()),
            redact(&given.to_string())
        )),
        None => Err(format!("run `{}` has no first entry", row.id)),
    }
}
