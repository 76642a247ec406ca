//! Contents of field stores that no run points to: left by a crash between a save and its commit, or by a deletion.

use super::Engine;
use super::core::{Core, Mail};
use super::error::EngineError;
use super::load;
use crate::field_store::{FieldKey, StoredField};
use crate::run_env::{Fields, Pointer};
use crate::store::{RunKey, RunQuery, RunRow};
use crate::value::Form;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// How many entries' worth of fields are read at a time.
const PAGE: u64 = 4_096;

/// What [`Engine::collect_garbage`] has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Garbage {
    /// Contents that were deleted: nothing points to them.
    pub deleted: usize,
    /// Contents that runs point to.
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
    /// or belongs to another engine are skipped: it may be about to record what it has just saved.
    ///
    /// # Errors
    /// The database cannot be read. What a store cannot do stands in [`Garbage::failures`].
    pub async fn collect_garbage(&self) -> Result<Garbage, EngineError> {
        let core = &self.core;
        let mut garbage = Garbage::default();
        for (name, store) in &*core.options.stores {
            // Listed before the database is read: a run is recorded before it saves anything.
            match store.list(core.store.database_id()).await {
                Ok(listed) => collect(core, name, listed, &mut garbage).await?,
                Err(error) => garbage.failures.push(format!("field store `{name}` cannot be listed: {error}")),
            }
        }
        Ok(garbage)
    }
}

async fn collect(
    core: &Arc<Core>,
    store: &str,
    listed: Vec<StoredField>,
    garbage: &mut Garbage,
) -> Result<(), EngineError> {
    let mut by_run: BTreeMap<String, Vec<StoredField>> = BTreeMap::new();
    for field in listed {
        by_run.entry(field.incarnation().to_owned()).or_default().push(field);
    }
    let rows = find_runs(core, &by_run).await?;
    for (incarnation, fields) in by_run {
        let held = match rows.get(&incarnation) {
            None => Held::Gone,
            Some(row) => Held::take(core, row),
        };
        if matches!(held, Held::AtWork) {
            garbage.skipped += fields.len();
            continue;
        }
        let pointed_to = match rows.get(&incarnation) {
            Some(row) => pointed_to(core, row).await,
            None => Ok(HashSet::new()),
        };
        if let Ok(pointed_to) = &pointed_to {
            for field in fields {
                if pointed_to.contains(&field) {
                    garbage.kept += 1;
                } else if !core.leases.has_margin() {
                    // Somebody else may own the run by now.
                    garbage.skipped += 1;
                } else {
                    match core.options.stores[store].delete(&field).await {
                        Ok(()) => garbage.deleted += 1,
                        Err(error) => garbage.failures.push(format!("field store `{store}`: {error}")),
                    }
                }
            }
        }
        held.give_back(core);
        pointed_to?;
    }
    Ok(())
}

/// The runs of these incarnations that are in the database.
async fn find_runs(
    core: &Core,
    by_run: &BTreeMap<String, Vec<StoredField>>,
) -> Result<HashMap<String, RunRow>, EngineError> {
    let mut found = HashMap::new();
    let mut scan = false;
    for (incarnation, fields) in by_run {
        let Some(key) = fields.iter().find_map(|field| FieldKey::parse(field.path())) else {
            scan = true;
            continue;
        };
        let row = core.read(move |store| store.run(RunKey::Id(&key.run))).await?;
        if let Some(row) = row.filter(|row| hex(row.incarnation) == *incarnation) {
            found.insert(incarnation.clone(), row);
        }
    }
    let mut after = None;
    // A long id is not in the path as a whole.
    while scan {
        let query = RunQuery { after, ..RunQuery::default() };
        let page = core.read(move |store| store.runs(&query)).await?;
        if let Some(damaged) = page.damaged.into_iter().next() {
            // Nobody knows which contents it points to.
            return Err(damaged.into());
        }
        let known = page.runs.into_iter().map(|row| (hex(row.incarnation), row));
        found.extend(known.filter(|(incarnation, _)| by_run.contains_key(incarnation)));
        after = page.next;
        scan = after.is_some();
    }
    Ok(found)
}

fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().fold(String::with_capacity(32), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A run that saves nothing as long as this lives.
enum Held {
    /// It is not in the database, so it will not save anything.
    Gone,
    /// It has ended.
    Ended,
    /// It is ours, and kept from coming into memory.
    Ours(i64, Mail),
    /// It may be saving something now.
    AtWork,
}

impl Held {
    fn take(core: &Core, row: &RunRow) -> Self {
        if row.status.is_final() {
            return Self::Ended;
        }
        match core.lease(row.lease).and_then(|_| core.enter(row.number)) {
            Some(mail) => Self::Ours(row.number, mail),
            None => Self::AtWork,
        }
    }

    fn give_back(self, core: &Arc<Core>) {
        if let Self::Ours(run, mail) = self {
            core.leave(run, &super::core::Outcome::Left);
            // Somebody has said something to it meanwhile, or it is due: it finds out by itself.
            if !mail.letters.is_empty() {
                load::load(core, run);
            }
        }
    }
}

/// What a run's rows point to.
async fn pointed_to(core: &Core, row: &RunRow) -> Result<HashSet<StoredField>, EngineError> {
    let fields = core.fields(row);
    let (number, mut from) = (row.number, 1);
    let mut found = HashSet::new();
    loop {
        let row = core.read(move |store| store.run(RunKey::Number(number))).await?;
        let Some(last) = row.map(|row| row.seq).filter(|last| from <= *last) else { return Ok(found) };
        let to = last.min(from + PAGE);
        let rows = core.read(move |store| store.fields(number, from, to)).await?;
        for row in rows.iter().filter(|row| row.value.form == Form::Stored) {
            found.insert(StoredField::from(&key(&fields, &row.value)?));
        }
        from = to + 1;
    }
}

fn key(fields: &Fields, value: &crate::value::Value) -> Result<FieldKey, EngineError> {
    let pointer = Pointer::read(value).map_err(|error| EngineError::Value(error.to_string()))?;
    Ok(fields.key(&pointer.field, &pointer.hash))
}

/// What the stores hold for a run, by the names of the stores: to be deleted with it.
pub(super) async fn contents(core: &Core, row: &RunRow) -> Result<Vec<(String, StoredField)>, EngineError> {
    let fields = core.fields(row);
    let (number, last) = (row.number, row.seq);
    let rows = core.read(move |store| store.fields(number, 1, last)).await?;
    let mut contents = HashSet::new();
    for row in rows.iter().filter(|row| row.value.form == Form::Stored) {
        let pointer = Pointer::read(&row.value).map_err(|error| EngineError::Value(error.to_string()))?;
        let stored = StoredField::from(&fields.key(&pointer.field, &pointer.hash));
        contents.insert((pointer.store, stored));
    }
    Ok(contents.into_iter().collect())
}

/// Deletes the contents of a run that is gone; what cannot be deleted now is garbage, and collected another time.
pub(super) async fn delete_contents(core: &Core, contents: Vec<(String, StoredField)>) {
    for (name, field) in contents {
        let Some(store) = core.options.stores.get(&name) else { continue };
        if let Err(error) = store.delete(&field).await {
            tracing::warn!(store = name, %error, "a content of a deleted run stays until the garbage is collected");
        }
    }
}
