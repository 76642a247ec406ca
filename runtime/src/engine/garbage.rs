//! Contents of field stores that no run points to: left by a crash between a save and its commit, or by a deletion.

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

/// How many entries' worth of fields are read at a time.
const PAGE: u64 = 4_096;

/// What [`Engine::collect_garbage`] has done.
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
    /// Contents that were deleted: nothing points to them.
    pub deleted: usize,
    /// Contents that runs point to, and defaults, of which all runs of a workflow have one content.
    pub kept: usize,
    /// Contents of runs that are at work now, here or in another engine: they are looked at another time.
    pub skipped: usize,
    /// What could not be listed or deleted, and why.
    pub failures: Vec<String>,
}

impl Engine {
    /// Deletes what is in the field stores for this database and no run points to.
    ///
    /// Only contents of this database are looked at, also in a folder that several share. Those of a run that is in memory
    /// or belongs to another engine are skipped: it may be about to record what it has just saved. A copy of a database
    /// file counts as the same database: give the copy a folder of its own before it collects. Goes on to its end even if
    /// nobody waits for the answer any longer.
    ///
    /// # Errors
    /// The database cannot be read. What a store cannot do stands in [`Garbage::failures`].
    pub async fn collect_garbage(&self) -> Result<Garbage, EngineError> {
        let core = self.core.clone();
        self.core.to_the_end(async move { everything(&core).await }).await
    }
}

async fn everything(core: &Arc<Core>) -> Result<Garbage, EngineError> {
    // A run that comes from elsewhere may have the execution of one that is gone.
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
        // Any run that begins may point to a default, now or later.
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
            } else if !core.leases.has_margin() {
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

/// The numbers of the runs of these executions that are in the database. A run's id says nothing: it may have come back
/// under another.
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
            // Nobody knows which contents it points to.
            return Err(damaged.into());
        }
        let known = page.runs.into_iter().map(|row| (HEXLOWER.encode(&row.execution), row.number));
        found.extend(known.filter(|(execution, _)| by_run.contains_key(execution)));
        after = page.next;
        more = after.is_some();
    }
    Ok(found)
}

/// A run that saves nothing as long as this lives.
enum Held {
    /// It is not in the database, so it will not save anything.
    Gone,
    /// It has ended, or is ours and kept from coming into memory.
    Still { row: Box<RunRow>, _kept_out: KeptOut },
    /// It may be saving something now.
    AtWork,
}

impl Held {
    /// Takes the run's place in memory, and only then looks at what it is.
    async fn take(core: &Arc<Core>, number: i64, execution: &str) -> Result<Self, EngineError> {
        let Some(mut kept_out) = KeptOut::take(core, number, KeptOut::UNKNOWN) else { return Ok(Self::AtWork) };
        let row = core.ask(move |store| store.run(RunKey::Number(number))).await?;
        let Some(row) = row.filter(|row| HEXLOWER.encode(&row.execution) == execution) else {
            return Ok(Self::AtWork);
        };
        kept_out.is_due_at(row.wake_at);
        let still = row.status.is_final() || core.lease(row.lease).is_some();
        Ok(if still { Self::Still { row: Box::new(row), _kept_out: kept_out } } else { Self::AtWork })
    }
}

/// What a run's rows point to.
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

/// What the stores hold for a run, by the names of the stores: to be deleted with it.
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

/// Deletes the contents of a run that is gone; what cannot be deleted now is garbage, and collected another time.
pub(super) async fn delete_contents(core: &Core, contents: Vec<(String, StoredField)>) {
    for (name, field) in contents {
        let Some(store) = core.options.stores.get(&name) else { continue };
        if let Err(error) = attempt(core, store.delete(&field)).await {
            tracing::warn!(store = name, %error, "a content of a deleted run stays until the garbage is collected");
        }
    }
}
