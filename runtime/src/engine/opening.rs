//! The parameters of a start: checked, encoded, and compared with a run that exists already.

use super::core::Core;
use super::error::EngineError;
use super::half_copied;
use crate::codec::Location;
use crate::command::same_value;
use crate::context::Schema;
use crate::fields::Fields;
use crate::lengths;
use crate::machine::Continuing;
use crate::record::{Kind, RunScope};
use crate::scope::{self, Scope};
use crate::shared_state::StateDef;
use crate::store::{EntryRow, Holder, NewQueued, RunKey, RunRow, Status};
use crate::value::{Value, differing};
use crate::workflow::{AnyInput, WorkflowDef};
use std::sync::Arc;

/// A run to be started: its id, its scope, and its deduplication key.
pub(super) struct Opening {
    pub(super) id: String,
    pub(super) scope: RunScope,
    pub(super) dedup: Option<String>,
    /// The options as they were given.
    given: Scope,
}

impl Opening {
    /// Reads the surrounding scope, so it must be called where the start is awaited.
    ///
    /// # Errors
    /// An id, a key or a label is too long or empty.
    pub(super) fn new(given: Scope, now: i64) -> Result<Self, EngineError> {
        Self::within(given, scope::surrounding(), scope::caller().as_deref(), now)
    }

    /// Creates an opening from a captured scope: `around` and `caller` are those of the place where the start is
    /// awaited.
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
        let id = given.run_id.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        check_id(&id)?;
        if let Some(key) = &given.deduplication_key {
            check("a deduplication key", key, 1)?;
        }
        scope.labels.iter().try_for_each(|(name, value)| check_label(name, value))?;
        scope.check_size().map_err(EngineError::value)?;
        Ok(Self { id, scope, dedup: given.deduplication_key.clone(), given })
    }

    /// Returns how the run waits in a queue, if it does.
    ///
    /// # Errors
    /// The queue has no key for the input, or an option of a queue is set without one.
    pub(super) fn queued(&self, core: &Core, wanted: &Wanted) -> Result<Option<NewQueued>, EngineError> {
        let key = |queue: &str| wanted.input.key(&|input| core.options.declared.key(queue, input));
        let queued = self.given.queued(&self.scope, core.now(), key).map_err(EngineError::value)?;
        if queued.is_some() {
            core.tasks.queued.used();
        }
        Ok(queued)
    }

    /// Returns what happens to a run that holds the deduplication key.
    pub(super) fn holder(&self) -> Holder {
        self.given.queued.holder()
    }

    /// Returns the options as they were given.
    pub(super) const fn given(&self) -> &Scope {
        &self.given
    }

    pub(super) fn labels(&self) -> Vec<(String, String)> {
        self.scope.labels.clone().into_iter().collect()
    }
}

/// Checks a run id.
///
/// # Errors
/// The id is empty or too long.
pub(super) fn check_id(id: &str) -> Result<(), EngineError> {
    check("a run's id", id, 1)
}

/// Checks a label.
///
/// # Errors
/// The name or the value of a label is too long, or the name is empty.
pub(super) fn check_label(name: &str, value: &str) -> Result<(), EngineError> {
    lengths::check_label(name, value).map_err(EngineError::value)
}

/// Checks the key of a message or an event.
///
/// # Errors
/// The key is empty or too long.
pub(super) fn check_key(key: Option<&str>) -> Result<(), EngineError> {
    key.map_or(Ok(()), |key| check("a key", key, 1))
}

fn check(what: &str, text: &str, least: usize) -> Result<(), EngineError> {
    lengths::check(what, text, least).map_err(EngineError::value)
}

/// The workflow of a run to be started, and its input.
//
// Type-erased, so that a start is compiled once, in this crate, and not again for each workflow of a program.
pub(super) struct Wanted {
    pub(super) workflow: &'static str,
    pub(super) version: u32,
    pub(super) schema: Option<&'static Schema>,
    pub(super) state: Option<StateDef>,
    input: Box<dyn AnyInput>,
}

impl Wanted {
    pub(super) fn new<W: WorkflowDef>(input: W::Input) -> Self {
        let (workflow, version, schema, state) = (W::NAME, W::VERSION, (W::SCHEMA)(), (W::STATE)());
        Self { workflow, version, schema, state, input: W::CODE.input(input) }
    }

    /// Checks that the workflow is registered.
    ///
    /// # Errors
    /// The engine does not have the workflow.
    pub(super) fn check(&self, core: &Core) -> Result<(), EngineError> {
        let Self { workflow, version, .. } = *self;
        // A client leaves the run to a worker that has it.
        if core.options.is_client || core.workflows.get(workflow, version).is_some() {
            return Ok(());
        }
        Err(EngineError::UnknownWorkflow { name: workflow.to_owned(), version })
    }

    /// Encodes the input for a run: its secrets are bound to that run.
    ///
    /// # Errors
    /// The input cannot be stored.
    pub(super) fn encode(&self, fields: &Arc<Fields>) -> Result<Value, EngineError> {
        self.input.record(fields.coder(), Location::Input).map_err(|error| {
            EngineError::value_of(format!("the input of workflow `{}` cannot be stored: {error}", self.workflow), error)
        })
    }
}

/// Checks that the run which has the id was started by the same start.
pub(super) async fn same_start(
    core: &Arc<Core>,
    row: RunRow,
    wanted: Wanted,
    continuing: Option<&str>,
) -> Result<RunRow, EngineError> {
    // The run may have continued as new: its first run records how it was started.
    let first_run = row.first_run;
    let begun = core.ask(move |store| Ok((store.run(RunKey::Number(first_run))?, store.entries(first_run, 0, 3)?)));
    let (begun, first) = begun.await?;
    is_same_start(core, &row, begun.as_ref().unwrap_or(&row), first, &wanted, continuing)?;
    // A running run is active already, unless something has gone wrong.
    if row.status == Status::Running && core.lease(row.lease).is_some() {
        core.load(row.number);
    }
    Ok(row)
}

/// Checks that a run with these first entries was started as requested now.
pub(super) fn is_same_start(
    core: &Core,
    row: &RunRow,
    begun: &RunRow,
    first: Vec<EntryRow>,
    wanted: &Wanted,
    continuing: Option<&str>,
) -> Result<(), EngineError> {
    let id = || row.id.clone();
    if row.workflow != wanted.workflow {
        let found = row.workflow.clone();
        return Err(EngineError::OtherWorkflow { id: id(), expected: wanted.workflow.to_owned(), found });
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
    let recorded = recorded.ok_or_else(|| EngineError::value(format!("run `{}` has no first entry", row.id)))?;
    let fields = core.fields(begun);
    let given = wanted.encode(&fields)?;
    fields.vault().take_fault();
    let same = same_value(&wanted.input.recode(fields.coder()), &recorded, &given);
    if let Some(fault) = fields.vault().take_fault().filter(|_| !same) {
        let remedy = fault.remedy();
        return Err(EngineError::value(format!(
            "run `{}` is there already, and its input cannot be compared with the one given: {fault}. {remedy}, and start \
             the run again",
            row.id
        )));
    }
    if !same || continued.as_deref() != continuing {
        let (was, is) = if same { (recorded.to_string(), given.to_string()) } else { differing(&recorded, &given) };
        let describe = |input: String, run: Option<&str>| match run {
            Some(run) => format!("{input} continuing run `{run}`"),
            None => input,
        };
        let (recorded, given) = (describe(was, continued.as_deref()), describe(is, continuing));
        return Err(EngineError::OtherInput { id: id(), recorded, given });
    }
    Ok(())
}
