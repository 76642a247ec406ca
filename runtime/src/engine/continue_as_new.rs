//! Makes the successor of a run that continues as new: its first entries, made from what the run recorded.

use super::clock::AGAIN;
use super::contents;
use super::continuing::{self, Context};
use super::core::{Core, DriverEvent, Envelope};
use super::envelope::Successor;
use super::error::EngineError;
use super::import_run::Contents;
use super::indexed;
use super::reseal::Reseal;
use super::time_travel;
use crate::inspect::recorded::recorded_in;
use crate::machine::{ContinueWith, first_entry, recorded_scope, scope_entry};
use crate::record::{Kind, ParkCause, ParkReason};
use crate::store::{EntryRow, ImportedRun, RequestKey, RequestRow, RunKey, RunRow, Status, Store, StoreError};
use crate::vault::Vault;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The input of the successor, and the messages and answers that the run received and did not read.
#[derive(Clone)]
pub(crate) struct Continuation {
    pub(crate) with: ContinueWith,
    pub(crate) kept: Vec<EntryRow>,
}

impl Continuation {
    /// Appends the unread entries to the successor, and reseals for it what was sealed for this run.
    fn keep(self, asked: Asked, reseal: &Reseal, run: &mut ImportedRun) -> Result<(), EngineError> {
        for mut request in asked.open {
            if reseal.request(&mut request)? {
                run.requests.push(request);
            }
        }
        for (entry, answer) in self.kept.into_iter().zip(asked.answers) {
            let mut entry = EntryRow { seq: run.entries.len() as u64 + 1, at: run.at, ..entry };
            entry.name = answer.or(entry.name);
            reseal.entry(&mut entry)?;
            run.entries.push(entry);
        }
        Ok(())
    }
}

/// The requests of a run that continues as new.
struct Asked {
    open: Vec<RequestRow>,
    /// For each kept entry, the answer type of its request if it is an answer.
    answers: Vec<Option<String>>,
}

impl Asked {
    fn read(store: &dyn Store, run: i64, kept: &[EntryRow]) -> Result<Self, StoreError> {
        let answers = kept.iter().map(|entry| match (entry.kind, &entry.other) {
            (Kind::AnswerKept, Some(id)) => {
                let request = store.requests(RequestKey::Id(id))?;
                Ok(request.into_iter().next().map(|request| request.answer))
            }
            _ => Ok(None),
        });
        Ok(Self { answers: answers.collect::<Result<_, StoreError>>()?, open: store.requests(RequestKey::Run(run))? })
    }
}

/// Makes the successor of a run in a task; it is sent to the driver.
pub(super) fn successor(
    core: &Arc<Core>,
    number: i64,
    continuation: Continuation,
    mail: mpsc::UnboundedSender<Envelope>,
) {
    let (making, busy) = (core.clone(), core.busy());
    core.runtime.spawn(async move {
        let core = making;
        let made = loop {
            match make(&core, number, &continuation).await {
                Err(EngineError::Store(error)) => {
                    tracing::warn!(run = number, %error, "a run cannot continue with a fresh journal yet");
                    if !core.pause(AGAIN).await {
                        return;
                    }
                }
                Ok(made) => break Ok(made),
                Err(error) => {
                    let message =
                        format!("the run cannot continue with a fresh journal: {error}. Fix that and retry the run");
                    break Err(ParkReason::new(ParkCause::FieldStore, message));
                }
            }
        };
        // The run may have been evicted.
        let _ = mail.send(core.envelope(DriverEvent::Successor(made)));
        drop(busy);
    });
}

async fn make(core: &Arc<Core>, number: i64, continuation: &Continuation) -> Result<Successor, EngineError> {
    let import_gate = core.import_gate.clone().read_owned().await;
    let row = core.read(move |store| store.run(RunKey::Number(number))).await?;
    let old = row.ok_or_else(|| EngineError::NoSuchRun { id: format!("number {number}") })?;
    let (first, labels) = core.read(move |store| Ok((store.entries(number, 0, 2)?, store.labels(number)?))).await?;
    let scope = first.into_iter().find(|entry| entry.kind == Kind::ScopeSet);
    let scope = scope.map(|entry| limited(entry, continuation.with.limit));
    let context = time_travel::snapshot(core, number, old.seq).await?;
    let seq = old.seq;
    let state = core.read(move |store| recorded_in(store, number, seq)).await?;
    let execution = *uuid::Uuid::new_v4().as_bytes();
    let at = core.now();
    let mut first = first_entry(&old.workflow, continuation.with.input.clone(), at);
    let database = core.store.database_id();
    let vault = |execution| Vault::new(core.options.cipher.clone(), database, execution);
    let reseal = Reseal { from: vault(old.execution), to: vault(execution) };
    reseal.entry(&mut first)?;
    let new = RunRow { execution, created_at: at, ..old.clone() };
    let mut run = match context {
        Some(context) => {
            let context = Context {
                name: context.context,
                version: context.version,
                rows: context.fields.into_values().collect(),
            };
            let (run, contents) = continuing::new_run(core, new.clone(), vec![first], scope, &old, context).await?;
            copy(core, &new, contents).await?;
            run
        }
        None => bare(&new, first, scope),
    };
    continuing::carry(state, &reseal, &mut run)?;
    let kept = continuation.kept.clone();
    let asked = core.read(move |store| Asked::read(store, number, &kept)).await?;
    continuation.clone().keep(asked, &reseal, &mut run)?;
    run.lease = core.lease(old.lease).or(run.lease);
    (run.version, run.parent, run.forked_from) = (continuation.with.version, old.parent, Some(old.number));
    (run.labels, run.replaces) = (labels, Some(old.number));
    run.indexed = indexed::as_of(core.read(move |store| store.indexed(number)).await?, &run.fields);
    Ok(Successor { run: Box::new(run), import_gate })
}

/// Returns the scope of the run with its time limit as it is now.
fn limited(entry: EntryRow, limit: Option<i64>) -> EntryRow {
    let scope = recorded_scope(&entry).zip(limit).and_then(|(mut scope, limit)| {
        scope.deadline = Some(limit);
        scope_entry(entry.seq, &scope, entry.at)
    });
    scope.unwrap_or(entry)
}

/// Makes the run without a context.
fn bare(new: &RunRow, first: EntryRow, scope: Option<EntryRow>) -> ImportedRun {
    let entries = std::iter::once(first).chain(scope).collect();
    ImportedRun {
        id: new.id.clone(),
        workflow: new.workflow.clone(),
        status: Status::Running,
        lease: None,
        wake_at: Some(0),
        execution: new.execution,
        unique: None,
        seed: new.execution,
        created_at: new.created_at,
        parked: None,
        at: new.created_at,
        entries,
        fields: Vec::new(),
        items: Vec::new(),
        outputs: Vec::new(),
        taken: Vec::new(),
        requests: Vec::new(),
        version: new.version,
        parent: new.parent,
        forked_from: None,
        dedup: None,
        labels: Vec::new(),
        indexed: Vec::new(),
        replaces: None,
        goes_on: true,
        traced: false,
    }
}

/// Makes the same successor as the engine does, from a given store. Contents of field stores are not copied: such a run
/// is refused.
#[cfg(feature = "testing")]
pub(crate) fn successor_in(
    store: &dyn crate::store::Store,
    number: i64,
    continuation: Continuation,
    new: &RunRow,
    vaults: (Arc<Vault>, Arc<Vault>),
) -> Result<ImportedRun, String> {
    let said = |error: crate::store::StoreError| error.to_string();
    let old = store.run(RunKey::Number(number)).map_err(said)?.ok_or("the run is gone")?;
    let (from, to) = vaults;
    let reseal = Reseal { from, to };
    let mut first = first_entry(&old.workflow, continuation.with.input.clone(), new.created_at);
    reseal.entry(&mut first).map_err(|error| error.to_string())?;
    let scope = store.entries(number, 0, 2).map_err(said)?.into_iter().find(|entry| entry.kind == Kind::ScopeSet);
    let mut run = bare(new, first, scope);
    if let Some(context) = crate::inspect::changes::snapshot_in(store, number, old.seq).map_err(said)? {
        let continuing = crate::machine::Continuing { run: old.id.clone(), version: context.version };
        let entry =
            continuing.entry(run.entries.len() as u64 + 1, &context.context, context.fields.len(), new.created_at);
        for row in context.fields.into_values() {
            if row.value.encoding == crate::value::Encoding::Stored {
                return Err(format!("field `{}` is in a store: going on with such a context is not played", row.name));
            }
            let mut row = crate::store::FieldRow { seq: entry.seq, format: crate::record::FORMAT, ..row };
            reseal.field(&mut row).map_err(|error| error.to_string())?;
            run.fields.push(row);
        }
        run.entries.push(entry);
    }
    let state = recorded_in(store, number, old.seq).map_err(said)?;
    continuing::carry(state, &reseal, &mut run).map_err(|error| error.to_string())?;
    run.version = continuation.with.version;
    let asked = Asked::read(store, number, &continuation.kept).map_err(said)?;
    continuation.keep(asked, &reseal, &mut run).map_err(|error| error.to_string())?;
    (run.parent, run.forked_from) = (old.parent, Some(number));
    (run.labels, run.replaces) = (store.labels(number).map_err(said)?, Some(number));
    run.indexed = indexed::as_of(store.indexed(number).map_err(said)?, &run.fields);
    Ok(run)
}

/// Copies contents under the key of the new run; no row points to them before its first commit.
async fn copy(core: &Core, new: &RunRow, mut contents: Contents) -> Result<(), EngineError> {
    let fields = core.fields(new);
    for (place, pointer) in contents.pointers.iter().enumerate() {
        let bytes = (contents.fetch)(place).await?;
        contents::save(core, &fields, pointer, bytes).await?;
    }
    Ok(())
}
