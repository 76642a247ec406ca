//! Collects contents of field stores that no run points to, left by a crash between a save and its commit or by a
//! deletion.

use super::Engine;
use super::core::Core;
use super::error::EngineError;
use super::fields::attempt;
use super::kept_out::KeptOut;
use crate::field_store::{FieldKey, StoredField};
use crate::fields::{Fields, OF_ALL_RUNS};
use crate::store::{RunKey, RunQuery, RunRow};
use crate::value::{Encoding, Pointer};
use data_encoding::HEXLOWER;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The number of entries whose fields are read at a time.
const PAGE: u64 = 4_096;

/// The outcome of [`Engine::collect_garbage`].
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// let garbage = engine.collect_garbage().await?;
/// assert!(garbage.failures.is_empty(), "{garbage:?}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Garbage {
    /// The number of contents that were deleted, since nothing points to them.
    pub deleted: usize,
    /// The number of contents that runs point to, and of defaults, which all runs of a workflow share.
    pub kept: usize,
    /// The number of contents of runs that are at work, here or in another engine; a later collection checks them.
    pub skipped: usize,
    /// The contents that could not be listed or deleted, and why.
    pub failures: Vec<String>,
}

impl Engine {
    /// Deletes the contents in the field stores of this database that no run points to.
    ///
    /// Only contents of this database are considered, also in a folder that several databases share. Contents of a run
    /// that is active or belongs to another engine are skipped: it may be about to record what it has just saved. A
    /// copy of a database file counts as the same database: give the copy a folder of its own before it collects. Runs
    /// to its end even if the caller stops waiting.
    ///
    /// # Errors
    /// The database cannot be read. Failures of stores are in [`Garbage::failures`].
    pub async fn collect_garbage(&self) -> Result<Garbage, EngineError> {
        let core = self.core.clone();
        self.core.to_the_end(async move { everything(&core).await }).await
    }
}

async fn everything(core: &Arc<Core>) -> Result<Garbage, EngineError> {
    // An imported run may have the execution of one that was deleted, and contents that no row points to yet.
    let _alone = core.import_gate.write().await;
    let mut garbage = Garbage::default();
    for (name, store) in core.options.stores.iter() {
        // Listed before the database is read: a run is recorded before it saves anything.
        match attempt(core, store.list(core.store.database_id())).await {
            Ok(listed) => collect(core, name, listed, &mut garbage).await?,
            Err(error) => garbage.failures.push(format!("field store `{name}` cannot be listed: {error}")),
        }
    }
    Ok(garbage)
}

async fn collect(
    core: &Arc<Core>,
    store: &str,
    listed: Vec<StoredField>,
    garbage: &mut Garbage,
) -> Result<(), EngineError> {
    let mut by_run: BTreeMap<String, Vec<StoredField>> = BTreeMap::new();
    for field in listed {
        by_run.entry(field.execution().to_owned()).or_default().push(field);
    }
    let numbers = find_runs(core, &by_run).await?;
    for (execution, fields) in by_run {
        // Any run that starts may point to a default, now or later.
        if execution == OF_ALL_RUNS {
            garbage.kept += fields.len();
            continue;
        }
        let held = match numbers.get(&execution) {
            None => Held::Gone,
            Some(number) => Held::take(core, *number, &execution).await?,
        };
        let pointed_to = match &held {
            Held::AtWork => {
                garbage.skipped += fields.len();
                continue;
            }
            Held::Gone => HashSet::new(),
            Held::Still { row, .. } => pointed_to(core, row).await?,
        };
        for field in fields {
            if pointed_to.contains(&field) {
                garbage.kept += 1;
            } else if held.is_owned() && !core.leases.has_margin() {
                // Another engine may own the run by now.
                garbage.skipped += 1;
            } else {
                match attempt(core, core.options.stores[store].delete(&field)).await {
                    Ok(()) => garbage.deleted += 1,
                    Err(error) => garbage.failures.push(format!("field store `{store}`: {error}")),
                }
            }
        }
    }
    Ok(())
}

/// Returns the numbers of the runs with these executions. Ids do not help: a run may have been imported again under
/// another id.
async fn find_runs(
    core: &Core,
    by_run: &BTreeMap<String, Vec<StoredField>>,
) -> Result<HashMap<String, i64>, EngineError> {
    let mut found = HashMap::new();
    let (mut after, mut more) = (None, !by_run.is_empty());
    while more {
        let query = RunQuery { after, ..RunQuery::default() };
        let page = core.ask(move |store| store.runs(&query)).await?;
        if let Some(damaged) = page.damaged.into_iter().next() {
            // It is unknown to which contents it points.
            return Err(damaged.into());
        }
        let known = page.runs.into_iter().map(|row| (HEXLOWER.encode(&row.execution), row.number));
        found.extend(known.filter(|(execution, _)| by_run.contains_key(execution)));
        after = page.next;
        more = after.is_some();
    }
    Ok(found)
}

/// Whether a run may save contents during the collection.
enum Held {
    /// A run that is not in the database, so it saves nothing.
    Gone,
    /// A run that has ended, or is ours and kept from being activated.
    Still { row: Box<RunRow>, is_owned: bool, _kept_out: KeptOut },
    /// A run that may be saving something now.
    AtWork,
}

impl Held {
    /// Occupies the run's place among the active runs, and only then reads its row.
    async fn take(core: &Arc<Core>, number: i64, execution: &str) -> Result<Self, EngineError> {
        let Some(mut kept_out) = KeptOut::take(core, number, KeptOut::UNKNOWN) else { return Ok(Self::AtWork) };
        let row = core.ask(move |store| store.run(RunKey::Number(number))).await?;
        let Some(row) = row.filter(|row| HEXLOWER.encode(&row.execution) == execution) else {
            return Ok(Self::AtWork);
        };
        kept_out.is_due_at(row.wake_at);
        let is_owned = !row.status.is_final();
        let still = !is_owned || core.lease(row.lease).is_some();
        Ok(if still { Self::Still { row: Box::new(row), is_owned, _kept_out: kept_out } } else { Self::AtWork })
    }

    /// Returns whether it is kept out by a lease of this engine, which can be lost.
    const fn is_owned(&self) -> bool {
        matches!(self, Self::Still { is_owned: true, .. })
    }
}

/// Returns the contents that a run's rows point to.
async fn pointed_to(core: &Core, row: &RunRow) -> Result<HashSet<StoredField>, EngineError> {
    let fields = core.fields(row);
    let (number, mut from) = (row.number, 1);
    let mut found = HashSet::new();
    loop {
        if from > row.seq {
            return Ok(found);
        }
        let last = row.seq;
        let to = last.min(from + PAGE);
        let rows = core.ask(move |store| store.fields(number, from, to)).await?;
        for written in rows.iter().filter(|written| written.value.encoding == Encoding::Stored) {
            found.insert(StoredField::from(&key(&fields, &written.value)?));
        }
        from = to + 1;
    }
}

fn key(fields: &Fields, value: &crate::value::Value) -> Result<FieldKey, EngineError> {
    let pointer = Pointer::read(value).map_err(|error| EngineError::value_of(error.to_string(), error))?;
    Ok(fields.key(&pointer))
}

/// Returns the contents that a run owns in the stores, by the names of the stores: to be deleted with it.
pub(super) async fn contents(core: &Core, row: &RunRow) -> Result<Vec<(String, StoredField)>, EngineError> {
    let fields = core.fields(row);
    let (number, last) = (row.number, row.seq);
    let rows = core.ask(move |store| store.fields(number, 1, last)).await?;
    let mut contents = HashSet::new();
    for row in rows.iter().filter(|row| row.value.encoding == Encoding::Stored) {
        let pointer = Pointer::read(&row.value).map_err(|error| EngineError::value_of(error.to_string(), error))?;
        if !pointer.shared {
            let stored = StoredField::from(&fields.key(&pointer));
            contents.insert((pointer.store, stored));
        }
    }
    Ok(contents.into_iter().collect())
}

/// Deletes the contents of a deleted run; those that cannot be deleted now are garbage for a later collection.
pub(super) async fn delete_contents(core: &Core, contents: Vec<(String, StoredField)>) {
    for (name, field) in contents {
        let Some(store) = core.options.stores.get(&name) else { continue };
        if let Err(error) = attempt(core, store.delete(&field)).await {
            tracing::warn!(store = name, %error, "a content of a deleted run stays until the garbage is collected");
        }
    }
}
