//! Starts a run with the final context of another run.

use super::contents;
use super::core::Core;
use super::error::EngineError;
use super::import_run::{self, Contents, Placed};
use super::indexed;
use super::opening::{Opening, Wanted, same_start};
use super::reseal::{Reseal, resealed};
use super::time_travel;
use crate::context::Schema;
use crate::field_store::content_hash;
use crate::fields::Fields;
use crate::inspect::recorded::{Recorded, recorded_in};
use crate::machine::{Continuing, first_entry, scope_entry};
use crate::store::{EntryRow, FieldRow, ImportedRun, RunKey, RunRow, Status};
use crate::value::{Encoding, Pointer};
use crate::vault::Vault;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Starts a run that continues `from`; returns whether it is new.
pub(super) async fn start(
    core: &Arc<Core>,
    opening: Opening,
    wanted: Wanted,
    from: String,
) -> Result<(RunRow, bool), EngineError> {
    if opening.dedup.is_some() {
        let message = format!(
            "run `{}` was not started: one that continues another cannot have a deduplication key. Give it an id of its own: \
             the same id is the same run",
            opening.id
        );
        return Err(EngineError::value(message));
    }
    if opening.queued(core, &wanted)?.is_some() {
        let message = format!(
            "run `{}` was not started: one that continues another cannot wait in a queue. Start it without `.queue(..)`; it \
             may start a child on the queue",
            opening.id
        );
        return Err(EngineError::value(message));
    }
    let busy = core.busy();
    // Checked first: a repeated start finds its run, even if the run that it continues was deleted since.
    let key = opening.id.clone();
    if let Some(row) = core.ask(move |store| store.run(RunKey::Id(&key))).await? {
        return same_start(core, row, wanted, Some(&from)).await.map(|row| (row, false));
    }
    let key = from.clone();
    let old = core.ask(move |store| store.run(RunKey::Id(&key))).await?;
    let old = old.ok_or_else(|| EngineError::NoSuchRun { id: from.clone() })?;
    let context = context_of(core, &old, wanted.workflow, wanted.schema).await?;
    let execution = *uuid::Uuid::new_v4().as_bytes();
    let (id, workflow, version) = (opening.id.clone(), wanted.workflow.to_owned(), wanted.version);
    let new = RunRow { id, workflow, version, execution, created_at: core.now(), ..old.clone() };
    let first = first_entry(wanted.workflow, wanted.encode(&core.fields(&new))?, new.created_at);
    let scope = scope_entry(2, &opening.scope, new.created_at);
    let reseal = Reseal { from: core.vault(old.execution), to: core.vault(execution) };
    let (mut run, contents) = new_run(core, new, vec![first], scope, &old, context).await?;
    run.labels = opening.labels();
    let (number, seq) = (old.number, old.seq);
    let state = core.read(move |store| recorded_in(store, number, seq)).await?;
    carry(state.fitting(wanted.state.as_ref(), &old)?, &reseal, &mut run)?;
    run.indexed = indexed::as_of(core.read(move |store| store.indexed(number)).await?, &run.fields);
    let placed = import_run::place(core, run, contents, None).await?;
    drop(busy);
    match placed {
        Placed::New(row) => Ok((*row, true)),
        Placed::Exists(row) => same_start(core, *row, wanted, Some(&from)).await.map(|row| (row, false)),
    }
}

/// The final context of a run, one value for each field.
pub(super) struct Context {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) rows: Vec<FieldRow>,
}

/// Returns the final context of a run, if the workflow can begin with it.
async fn context_of(
    core: &Core,
    old: &RunRow,
    workflow: &str,
    schema: Option<&'static Schema>,
) -> Result<Context, EngineError> {
    let refused = |action| EngineError::WrongStatus { id: old.id.clone(), status: old.status, action };
    if old.status == Status::Moved {
        return Err(refused("it continues elsewhere, and cannot be continued here"));
    }
    if !old.status.is_final() {
        return Err(refused("it can be continued once it has ended"));
    }
    let Some(context) = time_travel::snapshot(core, old.number, old.seq).await? else {
        return Err(refused("it never set a context, so there is nothing to continue"));
    };
    let unfit = |why: String| EngineError::value(format!("run `{}` cannot be continued: {why}", old.id));
    match schema {
        Some(schema) if schema.name == context.context && schema.version >= context.version => Ok(Context {
            name: context.context,
            version: context.version,
            rows: schema.latest(context.fields.into_values()),
        }),
        Some(schema) if schema.name == context.context => Err(unfit(format!(
            "its context is recorded in version {}, and this build knows versions up to {}: use a newer build",
            context.version, schema.version
        ))),
        schema => Err(unfit(format!(
            "its context is `{}`, and that of workflow `{}` is `{}`",
            context.context,
            workflow,
            schema.map_or("()", |schema| schema.name)
        ))),
    }
}

/// Makes the new run with its first entries, and the contents to copy for it.
pub(super) async fn new_run(
    core: &Arc<Core>,
    new: RunRow,
    mut entries: Vec<EntryRow>,
    scope: Option<EntryRow>,
    old: &RunRow,
    context: Context,
) -> Result<(ImportedRun, Contents), EngineError> {
    let RunRow { id, workflow, version, execution, created_at: at, .. } = new;
    let lease = core.lease_of_new();
    let continuing = Continuing { run: old.id.clone(), version: context.version };
    entries.extend(scope);
    let last = entries.len() as u64 + 1;
    let continued = continuing.entry(last, &context.name, context.rows.len(), at);
    let (cipher, database) = (&core.options.cipher, core.store.database_id());
    let reseal = Reseal {
        from: Vault::new(cipher.clone(), database, old.execution),
        to: Vault::new(cipher.clone(), database, execution),
    };
    let mut source = Source::new(core, old, Arc::new(reseal));
    let (mut fields, mut pointers) = (Vec::new(), Vec::new());
    for row in context.rows {
        let mut row = FieldRow { seq: continued.seq, format: crate::record::FORMAT, ..row };
        if row.value.encoding == Encoding::Stored {
            let pointer = source.add(&row).await?;
            row.value = pointer.to_value();
            pointers.push(pointer);
        } else {
            source.reseal.field(&mut row)?;
        }
        fields.push(row);
    }
    entries.push(continued);
    let run = ImportedRun {
        id,
        workflow,
        status: Status::Running,
        lease,
        wake_at: Some(0),
        execution,
        unique: None,
        seed: execution,
        created_at: at,
        parked: None,
        at,
        entries,
        fields,
        items: Vec::new(),
        outputs: Vec::new(),
        taken: Vec::new(),
        requests: Vec::new(),
        version,
        parent: None,
        forked_from: None,
        dedup: None,
        labels: Vec::new(),
        indexed: Vec::new(),
        replaces: None,
        goes_on: true,
        traced: false,
    };
    let fetch = Box::new(move |place| source.fetch(place));
    Ok((run, Contents { pointers, fetch }))
}

/// The source of the contents: the stores, under the key of the other run.
pub(super) struct Source {
    core: Arc<Core>,
    old: Arc<Fields>,
    reseal: Arc<Reseal>,
    pointers: Vec<Pointer>,
}

impl Source {
    pub(super) fn new(core: &Arc<Core>, old: &RunRow, reseal: Arc<Reseal>) -> Self {
        Self { core: core.clone(), old: core.fields(old), reseal, pointers: Vec::new() }
    }

    /// Returns the reseal from the old run to the new one.
    pub(super) fn reseal(&self) -> &Reseal {
        &self.reseal
    }

    /// Adds a content to copy, and returns the pointer to the copy.
    pub(super) async fn add(&mut self, row: &FieldRow) -> Result<Pointer, EngineError> {
        let old = Pointer::read(&row.value).map_err(|error| EngineError::value_of(error.to_string(), error))?;
        let place = self.pointers.len();
        self.pointers.push(old.clone());
        let bytes = self.fetch(place).await?;
        Ok(Pointer { bytes: bytes.len(), hash: content_hash(&bytes), ..old })
    }

    pub(super) fn fetch(&self, place: usize) -> BoxFuture<'static, Result<Bytes, EngineError>> {
        let (core, old, reseal) = (self.core.clone(), self.old.clone(), self.reseal.clone());
        let pointer = self.pointers[place].clone();
        Box::pin(async move {
            let bytes = contents::load(&core, &old, &pointer).await?;
            resealed(&reseal, &pointer, bytes)
        })
    }
}

/// Carries the shared state of the old run's steps over to the new run.
pub(super) fn carry(state: Recorded, reseal: &Reseal, run: &mut ImportedRun) -> Result<(), EngineError> {
    if let Some((entry, mut rows)) = state.carried(run.entries.len() as u64 + 1, run.at) {
        rows.iter_mut().try_for_each(|row| reseal.field(row))?;
        run.entries.push(entry);
        run.fields.extend(rows);
    }
    Ok(())
}
