//! Starts, messages and answers by JSON, for operators who have none of the program's types.

use super::core::Core;
use super::error::EngineError;
use super::handle::Run;
use super::opening::{Opening, check_key};
use super::start::answer::{Answer, answer};
use super::start::begin;
use super::{Engine, inbox};
use crate::lengths;
use crate::machine::{first_entry, scope_entry};
use crate::record::{InboxKind, Kind};
use crate::scope::Scope;
use crate::store::{AuditRow, NewInboxItem, NewRun, RunKey, RunRow, Write};
use crate::value::Value;
use std::sync::Arc;

/// A start without the types of its workflow.
pub(crate) struct UntypedStart {
    pub(crate) workflow: String,
    pub(crate) version: u32,
    pub(crate) input: Value,
    /// Its options: id, queue, labels.
    pub(crate) given: Scope,
    /// The key of the input in a queue that has keys.
    pub(crate) queue_key: Option<String>,
}

/// Reads a value that an operator gives as JSON.
///
/// # Errors
/// It is no JSON, or too large.
pub(crate) fn value_of_json(core: &Core, what: &str, text: &str) -> Result<Value, EngineError> {
    let text = text.trim();
    // A value that is ignored may be nested without end.
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| {
        EngineError::value_of(format!("{what} is no JSON: {error}. A text is written with quotes: `\"red\"`"), error)
    })?;
    let (bytes, most) = (text.len(), core.options.limits.value);
    if bytes > most {
        return Err(EngineError::value(format!("{what} has {bytes} bytes, and at most {most} are stored")));
    }
    Ok(Value::json(text.to_owned()))
}

impl Engine {
    /// Starts a run of a workflow that this engine need not have, in the commit of the record. Returns also whether it is
    /// new.
    pub(crate) async fn start_untyped(
        &self,
        start: UntypedStart,
        record: impl FnOnce(&str) -> AuditRow,
    ) -> Result<(Run, bool), EngineError> {
        let core: &Arc<Core> = &self.core;
        if core.is_draining() {
            return Err(EngineError::ShuttingDown);
        }
        lengths::check("the name of a workflow", &start.workflow, 1).map_err(EngineError::value)?;
        let opening = Opening::new(start.given.clone(), core.recorded_now())?;
        let record = record(&opening.id);
        let starting = core.clone();
        let (row, is_new) = core.to_the_end(async move { begun(&starting, opening, start, &record).await }).await?;
        Ok((Run::new(self, &row), is_new))
    }
}

async fn begun(
    core: &Arc<Core>,
    opening: Opening,
    start: UntypedStart,
    record: &AuditRow,
) -> Result<(RunRow, bool), EngineError> {
    let busy = core.busy();
    let at = core.now();
    let key = start.queue_key.clone();
    let queued = opening.given().queued(&opening.scope, at, |_| Ok(key)).map_err(EngineError::value)?;
    // It is for any engine that has the workflow: this one may not.
    let lease = core.lease_of_new().filter(|_| core.workflows.get(&start.workflow, start.version).is_some());
    let new = NewRun {
        workflow: start.workflow.clone(),
        lease: lease.filter(|_| queued.is_none()),
        execution: *uuid::Uuid::new_v4().as_bytes(),
        at,
        entries: [first_entry(&start.workflow, start.input.clone(), at)]
            .into_iter()
            .chain(scope_entry(2, &opening.scope, at))
            .collect(),
        version: start.version,
        parent: None,
        labels: opening.labels(),
        queued,
        holder: opening.holder(),
        dedup: opening.dedup,
        id: opening.id,
    };
    let (entries, mut row, id, dedup) = (new.entries.clone(), new.row(0), new.id.clone(), new.dedup.clone());
    let lease = new.lease;
    let answered = core.committer.write(Write::Start(new).recorded(Some(record))).await?;
    match answer(answered, &id, dedup.as_deref())? {
        Answer::New(number, notified) => {
            (row.number, row.first_run) = (number, number);
            begin(core, &row, lease, entries);
            inbox::look_all(core, notified);
            drop(busy);
            Ok((row, true))
        }
        Answer::There(row) => Ok((same(core, *row, &start).await?, false)),
        Answer::Held(holder) => Ok((*holder, false)),
    }
}

/// Checks that the run which has the id was started in the same way.
async fn same(core: &Core, row: RunRow, start: &UntypedStart) -> Result<RunRow, EngineError> {
    let id = row.id.clone();
    if row.workflow != start.workflow {
        return Err(EngineError::OtherWorkflow { id, expected: start.workflow.clone(), found: row.workflow });
    }
    let first_run = row.first_run;
    let first = core.ask(move |store| store.entries(first_run, 0, 1)).await?.pop();
    let recorded = first.filter(|entry| entry.kind == Kind::RunStarted).and_then(|entry| entry.value);
    let read = |value: &Value| serde_json::from_slice::<serde_json::Value>(&value.bytes).ok();
    match recorded {
        Some(recorded) if recorded.holds_secret() => Err(EngineError::value(format!(
            "run `{id}` is there already, and its input has a secret, so it cannot be compared with the one given; start it \
             with the program's own command line"
        ))),
        Some(recorded) if read(&recorded) != read(&start.input) => {
            Err(EngineError::OtherInput { id, recorded: recorded.to_string(), given: start.input.to_string() })
        }
        _ => Ok(row),
    }
}

impl Run {
    /// Sends a message by the recorded name of its type.
    pub(crate) async fn send_untyped(&self, name: &str, value: Value, key: Option<&str>) -> Result<(), EngineError> {
        lengths::check("the type of a message", name, 1).map_err(EngineError::value)?;
        check_key(key)?;
        let item = NewInboxItem {
            key: key.map(|key| format!("message:{name}:{key}")),
            name: Some(name.to_owned()),
            value: Some(value),
            ..NewInboxItem::new(self.number(), InboxKind::Message, self.core().now())
        };
        inbox::send(self.core(), self.id(), item, self.record()).await
    }
}

impl Engine {
    /// Returns the run that a request belongs to.
    pub(crate) async fn run_of_request(&self, request: &str) -> Result<RunRow, EngineError> {
        let number = self.request_row(request).await?.run;
        let row = self.core.ask(move |store| store.run(RunKey::Number(number))).await?;
        row.ok_or_else(|| EngineError::NoSuchRequest { id: request.to_owned() })
    }
}
