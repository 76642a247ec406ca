//! What a start gives a run: checked, encoded, and compared with the run that is there already.

use super::core::Core;
use super::error::EngineError;
use super::half_copied;
use crate::codec;
use crate::codec::Location;
use crate::command::same_value;
use crate::lengths;
use crate::machine::Continuing;
use crate::record::{Kind, RunScope};
use crate::scope::{self, Scope};
use crate::store::{EntryRow, RunKey, RunRow, Status};
use crate::value::Value;
use crate::vault::redact;
use crate::workflow::WorkflowDef;
use std::sync::Arc;

/// A run that is about to be started: its id, under what it acts, and its deduplication key.
pub(super) struct Opening {
    pub(super) id: String,
    pub(super) scope: RunScope,
    pub(super) dedup: Option<String>,
}

impl Opening {
    /// Called where the start is awaited: what is around it holds for it too.
    ///
    /// # Errors
    /// An id, a key or a label is too long or empty.
    pub(super) fn new(given: Scope, now: i64) -> Result<Self, EngineError> {
        Self::within(given, scope::surrounding(), scope::caller().as_deref(), now)
    }

    /// The same at another place: `around` and `caller` are those of where the start is awaited.
    ///
    /// # Errors
    /// An id, a key or a label is too long or empty.
    pub(super) fn within(
        given: Scope,
        around: Scope,
        caller: Option<&RunScope>,
        now: i64,
    ) -> Result<Self, EngineError> {
        let given = given.or(around);
        let scope = given.recorded(caller, now);
        let id = given.run_id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        check_id(&id)?;
        if let Some(key) = &given.deduplication_key {
            check("a deduplication key", key, 1)?;
        }
        scope.labels.iter().try_for_each(|(name, value)| check_label(name, value))?;
        scope.check_size().map_err(EngineError::Value)?;
        Ok(Self { id, scope, dedup: given.deduplication_key })
    }

    pub(super) fn labels(&self) -> Vec<(String, String)> {
        self.scope.labels.clone().into_iter().collect()
    }
}

/// # Errors
/// The id is empty or too long.
pub(super) fn check_id(id: &str) -> Result<(), EngineError> {
    check("a run's id", id, 1)
}

/// # Errors
/// The name or the value of a label is too long, or the name is empty.
pub(super) fn check_label(name: &str, value: &str) -> Result<(), EngineError> {
    check("the name of a label", name, 1)?;
    check(&format!("the value of the label `{name}`"), value, 0)
}

/// # Errors
/// The key of something that is sent is empty or too long.
pub(super) fn check_key(key: Option<&str>) -> Result<(), EngineError> {
    key.map_or(Ok(()), |key| check("a key", key, 1))
}

fn check(what: &str, text: &str, least: usize) -> Result<(), EngineError> {
    lengths::check(what, text, least).map_err(EngineError::Value)
}

/// The input as it is recorded for a run: what it holds of secrets is bound to the run.
pub(super) fn encode<W: WorkflowDef>(core: &Core, row: &RunRow, input: &W::Input) -> Result<Value, EngineError> {
    let _offered = core.fields(row).offer();
    let input = codec::record_same(Location::Input, input, W::same_input());
    input.map_err(|error| EngineError::Value(format!("the input of workflow `{}` cannot be stored: {error}", W::NAME)))
}

/// The id is taken: by the same start, or by something else.
pub(super) async fn same_start<W: WorkflowDef>(
    core: &Arc<Core>,
    row: RunRow,
    input: W::Input,
    continuing: Option<&str>,
) -> Result<RunRow, EngineError> {
    // It may have gone on with a fresh journal: how it was started says the first.
    let lineage = row.lineage;
    let begun = core.ask(move |store| Ok((store.run(RunKey::Number(lineage))?, store.entries(lineage, 0, 3)?)));
    let (begun, first) = begun.await?;
    is_same_start::<W>(core, &row, begun.as_ref().unwrap_or(&row), first, &input, continuing)?;
    // One that is in the middle of something is in memory already, unless something has gone wrong.
    if row.status == Status::Running && core.lease(row.lease).is_some() {
        core.load(row.number);
    }
    Ok(row)
}

/// Whether a run with these first entries was started as it is to be now.
pub(super) fn is_same_start<W: WorkflowDef>(
    core: &Core,
    row: &RunRow,
    begun: &RunRow,
    first: Vec<EntryRow>,
    input: &W::Input,
    continuing: Option<&str>,
) -> Result<(), EngineError> {
    let id = || row.id.clone();
    if row.workflow != W::NAME {
        let found = row.workflow.clone();
        return Err(EngineError::OtherWorkflow { id: id(), expected: W::NAME.to_owned(), found });
    }
    if row.status == Status::Deleting {
        let action = "its id is free once it is deleted entirely; delete it again to finish that";
        return Err(EngineError::WrongStatus { id: id(), status: row.status, action });
    }
    if half_copied::is_half_copied(row) {
        let action =
            "its fields are still being copied. If the process that did so has died, delete the run and start it again";
        return Err(EngineError::WrongStatus { id: id(), status: row.status, action });
    }
    let continued = first.iter().find_map(Continuing::of).map(|continued| continued.run);
    let recorded =
        first.into_iter().next().filter(|entry| entry.kind == Kind::RunStarted).and_then(|entry| entry.value);
    let recorded = recorded.ok_or_else(|| EngineError::Value(format!("run `{}` has no first entry", row.id)))?;
    let given = encode::<W>(core, begun, input)?;
    let recode = |value: &Value| {
        codec::encode_at(Location::Input, &codec::decode_at::<W::Input>(Location::Input, value).ok()?).ok()
    };
    let fields = core.fields(begun);
    let offered = fields.offer();
    fields.vault().take_fault();
    let same = same_value(recode, &recorded, &given);
    drop(offered);
    if let Some(fault) = fields.vault().take_fault().filter(|_| !same) {
        let remedy = fault.remedy();
        return Err(EngineError::Value(format!(
            "run `{}` is there already, and its input cannot be compared with the one given: {fault}. {remedy}, and start \
             the run again",
            row.id
        )));
    }
    if !same || continued.as_deref() != continuing {
        let in_words = |value: Value, run: Option<&str>| {
            let input = redact(&value.to_string()).into_owned();
            run.map_or_else(|| input.clone(), |run| format!("{input} continuing run `{run}`"))
        };
        let (recorded, given) = (in_words(recorded, continued.as_deref()), in_words(given, continuing));
        return Err(EngineError::OtherInput { id: id(), recorded, given });
    }
    Ok(())
}
