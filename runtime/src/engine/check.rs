//! Checks before a deployment whether a build can resume the runs of a database.

mod help;
mod report;

use super::prepare;
use super::workflows;
pub use report::{CheckReport, Problem};

use super::core::Options;
use super::error::EngineError;
use super::fields::{said, within};
use super::workflows::Workflows;
use super::{Engine, loaded, rebuild, threads};
use crate::field_store::FieldStoreError;
use crate::fields::Fields;
use crate::machine::{Machine, Rebuild};
use crate::panics;
use crate::record::{ParkCause, ParkReason, RunIdentity};
use crate::resources::Resources;
use crate::run_env::RunEnv;
use crate::session::Session;
use crate::store::{FieldRow, Lease, RunQuery, RunRow, Status, Store, StoreError};
use crate::value::{Pointer, Value};
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// The number of runs replayed at a time.
const AT_ONCE: usize = 4;
const PAGE: usize = 1_024;

impl Engine {
    /// Checks for every unfinished run in the database whether this build can resume it.
    ///
    /// The input and the context are decoded, the workflow is replayed as far as it is recorded, and the steps that
    /// would be restarted must find their resources registered. Contents of field stores are read. No step body, hook
    /// of a transient field or factory runs, and nothing is written. For a run that diverges from its history the
    /// report says what would help, and which registered version of its workflow follows it.
    /// [`EngineBuilder::check`](crate::EngineBuilder::check) does the same without starting an engine: use that one
    /// before a deployment.
    ///
    /// # Errors
    /// The database cannot be read. Problems of single runs are in the report.
    pub async fn check(&self) -> Result<CheckReport, EngineError> {
        let core = &self.core;
        let (workflows, options) = (Arc::new(core.workflows.clone()), core.options.clone());
        check(core.store.clone(), workflows, options, core.resources.clone()).await
    }
}

/// Checks every unfinished run.
pub(super) async fn check(
    store: Arc<dyn Store>,
    workflows: Arc<Workflows>,
    options: Options,
    resources: Resources,
) -> Result<CheckReport, EngineError> {
    let mut report = CheckReport::default();
    let mut after = None;
    loop {
        let statuses = vec![Status::Running, Status::Sleeping, Status::Paused, Status::Parked];
        let query = RunQuery { statuses, after, limit: PAGE, ..RunQuery::default() };
        let reading = store.clone();
        let page = blocking(move || reading.runs(&query)).await??;
        report.damaged(page.damaged);
        let checks = stream::iter(page.runs).map(|row| {
            let (store, workflows) = (store.clone(), workflows.clone());
            let (options, resources) = (options.clone(), resources.clone());
            blocking(move || {
                let check = |row: &RunRow| one(&*store, &workflows, &options, &resources, row);
                let outcome = check(&row);
                let fits = |version| check(&RunRow { version, ..row.clone() }).is_ok();
                let help = match &outcome {
                    Err(Rebuild::Park(reason)) => help::help(&*store, &workflows, &row, reason, fits),
                    _ => Vec::new(),
                };
                (row, outcome, help)
            })
        });
        let mut checks = checks.buffered(AT_ONCE);
        while let Some(checked) = checks.next().await {
            let (row, outcome, help) = checked?;
            match outcome {
                Ok(()) => report.fits(),
                Err(Rebuild::Park(reason)) => report.refuse(row, reason, help),
                Err(Rebuild::Store(error)) => report.refuse(row, unreadable(&error), help),
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(report);
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, EngineError> {
    threads::blocking(&Handle::current(), work)?.await.map_err(|_| EngineError::ShuttingDown)
}

fn unreadable(error: &StoreError) -> ParkReason {
    ParkReason::new(ParkCause::Damaged, format!("the history cannot be read: {error}"))
}

/// Replays one run without effects.
fn one(
    store: &dyn Store,
    workflows: &Workflows,
    options: &Options,
    resources: &Resources,
    row: &RunRow,
) -> Result<(), Rebuild> {
    let Some(workflow) = workflows.get(&row.workflow, row.version) else {
        return Err(workflows::unknown_workflow(row, workflows).into());
    };
    let run = RunIdentity { id: row.id.clone(), workflow: row.workflow.clone(), execution: row.execution };
    let Options { stores, cipher, limits, .. } = options;
    let fields = Fields::new(store.database_id(), Arc::new(run), stores.clone(), cipher.clone(), limits.value);
    let env = RunEnv::new(fields, resources.clone(), Session::default());
    let machine = Machine::new(row, Lease { number: 0, epoch: 0 }, *limits, env.clone(), || {});
    let mut machine = loaded::with_stubs(options, machine).dry();
    let replayed = panics::caught(|| {
        let mut load = |row: &FieldRow| fetch(&env, row, options.field_store_timeout);
        rebuild::replay(store, None, &mut machine, (row, row.seq), &**workflow, &mut load)?;
        machine.finish_replay(&**workflow, 0, &mut load)?;
        wakes_in_time(&machine, row)?;
        has_resources(&machine, resources, row)?;
        has_states(&machine, &env, row)?;
        has_stores(&machine, &env)
    });
    replayed.unwrap_or_else(|panic| {
        let message = format!("replaying run `{}` panicked: {panic}", row.id);
        Err(ParkReason::new(ParkCause::Panicked, message).into())
    })
}

/// Checks that the row wakes the run no later than its journal does: after a start, recovery reads only the rows that
/// are due.
fn wakes_in_time(machine: &Machine, row: &RunRow) -> Result<(), Rebuild> {
    let Some(due) = machine.due_before_row() else { return Ok(()) };
    let said = row.wake_at.map_or_else(|| "NULL".to_owned(), |said| said.to_string());
    let message = format!(
        "the row of run `{}` (number {}) is damaged: its column `wake_at` in `steadfast_runs` has {said}, and by its journal it \
         is due at {due}; nothing wakes it before. Write {due} there while no engine runs",
        row.id, row.number
    );
    Err(ParkReason::new(ParkCause::Damaged, message).into())
}

/// Checks that the engine has the resources of the steps that would be restarted.
fn has_resources(machine: &Machine, resources: &Resources, row: &RunRow) -> Result<(), Rebuild> {
    for (step, needs) in machine.in_flight() {
        if let Some(error) = needs.iter().find_map(|need| resources.lacks(need)) {
            return Err(prepare::missing(step, &row.workflow, &error).into());
        }
    }
    Ok(())
}

/// Checks that the workflow declares the shared state of those steps.
fn has_states(machine: &Machine, env: &RunEnv, row: &RunRow) -> Result<(), Rebuild> {
    for (step, taken) in machine.states_in_flight() {
        if let Some(message) = prepare::other_state(step, &row.workflow, taken, env.state.definition()) {
            return Err(ParkReason::new(ParkCause::State, message).into());
        }
    }
    Ok(())
}

/// Checks that the engine has the field stores for the results of those steps.
fn has_stores(machine: &Machine, env: &RunEnv) -> Result<(), Rebuild> {
    let missing = machine.stores_in_flight().into_iter().find_map(|(step, store)| prepare::no_store(step, store, env));
    missing.map_or(Ok(()), |message| Err(ParkReason::new(ParkCause::FieldStore, message).into()))
}

fn fetch(env: &RunEnv, row: &FieldRow, limit: Duration) -> Result<Value, Rebuild> {
    let refuse = |error: FieldStoreError| {
        let message = format!("{} (written by entry {}) cannot be loaded: {error}", said(&row.name), row.seq);
        Rebuild::Park(ParkReason::new(ParkCause::FieldStore, message))
    };
    let pointer = Pointer::read(&row.value).map_err(refuse)?;
    let load = within(limit, env.fields.load(&pointer));
    tokio::runtime::Handle::current().block_on(load).map_err(refuse)
}
