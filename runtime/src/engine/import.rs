//! Imports a run from its file, as a copy or as the run itself.

mod requests;

use super::asked;
use super::core::Core;
use super::error::EngineError;
use super::handle::Run;
use super::import_run::{self, Contents, Placed};
use super::indexed;
use super::outputs::CopiedOutput;
use super::reseal::{Reseal, resealed};
use super::{Engine, threads};
use crate::field_store::content_hash;
use crate::machine::forget_deduplication_key;
use crate::record::InboxKind;
use crate::store::{
    AuditRow, FileInfo, ImportedRun, NewInboxItem, OutputRow, RequestRow, RunFile, RunKey, RunRow, RunRows, Status,
};
use crate::value::{Encoding, Pointer};
use crate::vault::Vault;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::future::IntoFuture;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;

/// An import to be made: choose another id, or `.await`.
#[must_use = "a run is imported when the call is awaited: add `.await`"]
pub struct ImportCall<'engine> {
    engine: &'engine Engine,
    path: PathBuf,
    id: Option<String>,
    record: Option<AuditRow>,
}

impl Engine {
    /// Imports a run from a file that [`Run::export`] or [`Run::export_and_end`] wrote. Awaiting the call returns the
    /// run once it is durable; it continues on its own, and its waits end when they would have ended.
    ///
    /// A file of `export` becomes a copy: another run, with idempotency keys of its own and the same random numbers. A
    /// file of `export_and_end` becomes the run itself, with its keys, and only once: the import is refused if the
    /// database has a run of the same execution, whatever its id. A start that is repeated there under its id is the
    /// same start, and is compared with the input of the journal in the file.
    ///
    /// The run becomes visible in one commit, or not at all. Its history, without the contents of field stores, is held
    /// in memory meanwhile, and other runs wait for that commit as for any other. Contents of field stores are copied
    /// one at a time; the run is parked until they are complete. If the process dies before that, it stays parked and
    /// can be deleted and imported again. A run that was parked is tried once.
    ///
    /// The file is read from a private copy in the system's folder for temporary files: it takes as much space there
    /// until the import is complete, and the file itself may be replaced meanwhile.
    ///
    /// Secrets are encrypted anew for their new location, which takes their keys. A text that consists only of what
    /// looks like a secret of an unknown key counts as one; within a longer text it is left unchanged.
    ///
    /// # Errors
    /// The id is taken, or an unfinished run holds the deduplication key of a moved run. Or the file is not a run file,
    /// is damaged or of a newer version, or holds secrets or fields whose keys or stores the engine does not have.
    /// Nothing is written then.
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn import(&self, path: impl Into<PathBuf>) -> ImportCall<'_> {
        ImportCall { engine: self, path: path.into(), id: None, record: None }
    }
}

impl ImportCall<'_> {
    /// Has it recorded as this action.
    pub(crate) fn recorded(mut self, record: AuditRow) -> Self {
        self.record = Some(record);
        self
    }

    /// Sets another id than the one in the file, at most 512 bytes.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

impl<'engine> IntoFuture for ImportCall<'engine> {
    type Output = Result<Run, EngineError>;
    type IntoFuture = BoxFuture<'engine, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let core: &Arc<Core> = &self.engine.core;
            if core.is_draining() {
                return Err(EngineError::ShuttingDown);
            }
            // An import runs to its end even if the caller stops waiting.
            let (importing, path, id, record) = (core.clone(), self.path, self.id, self.record);
            let row = core.to_the_end(async move { import(&importing, path, id, record.as_ref()).await }).await?;
            Ok(Run::new(self.engine, &row))
        })
    }
}

async fn import(
    core: &Arc<Core>,
    path: PathBuf,
    id: Option<String>,
    record: Option<&AuditRow>,
) -> Result<RunRow, EngineError> {
    let busy = core.busy();
    let reading = core.clone();
    let read = threads::blocking(&core.runtime, move || {
        let (file, info, rows) = RunFile::open(&path).map_err(EngineError::file_of)?;
        let id = id.unwrap_or_else(|| info.run.id.clone());
        super::opening::check_id(&id)?;
        if let Some(row) = reading.store.run(RunKey::Id(&id))? {
            return Err(taken(row));
        }
        Incoming::new(&reading, file, info, rows, id)
    })?;
    let Incoming { run, contents } = read.await.unwrap_or(Err(EngineError::ShuttingDown))?;
    let record = record.map(|record| AuditRow { subject: run.id.clone(), ..record.clone() });
    let placed = import_run::place(core, run, contents, record.as_ref()).await;
    drop(busy);
    match placed? {
        Placed::New(row) => Ok(*row),
        Placed::Exists(row) => Err(taken(*row)),
    }
}

fn taken(row: RunRow) -> EngineError {
    let action = "it is in this database already, so nothing was imported: delete it first, or give a copy another id \
                  with `.id(..)`";
    EngineError::WrongStatus { id: row.id, status: row.status, action }
}

/// A run that is ready to be written into the database.
struct Incoming {
    run: ImportedRun,
    contents: Contents,
}

/// Returns the status with which a run is imported, and when it is due: it is in no queue here.
fn outside_of_queues(run: &RunRow) -> (Status, Option<i64>) {
    match run.status {
        Status::Queued => (Status::Running, Some(0)),
        status => (status, run.wake_at),
    }
}

impl Incoming {
    /// Builds the run from the rows of a file. Called on a thread that may block.
    fn new(core: &Core, file: RunFile, info: FileInfo, rows: RunRows, id: String) -> Result<Self, EngineError> {
        let RunRows { executions, mut entries, mut fields, labels, indexed, mut items, taken, .. } = rows;
        let RunRows { mut requests, outputs, contents, .. } = rows;
        let FileInfo { run, moved, database } = info;
        let (cipher, old) = (&core.options.cipher, run.execution);
        let (status, wake_at) = outside_of_queues(&run);
        let execution = if moved { old } else { *uuid::Uuid::new_v4().as_bytes() };
        let from = |execution| Vault::new(cipher.clone(), &database, execution);
        let reseal = Reseal { from: from(old), to: core.vault(execution) };
        let answers = answers(&items, &requests);
        if !moved {
            requests::rename_answers(&entries, &mut items, old, execution);
            requests = requests::copied(&requests, &mut entries, &items, (old, execution), core.now());
            entries.iter_mut().for_each(forget_deduplication_key);
        }
        let resealed = (|| {
            entries.iter_mut().try_for_each(|entry| reseal.entry(entry))?;
            fields.iter_mut().try_for_each(|row| reseal.field(row))?;
            seal_items(&mut items, &answers, &reseal)?;
            asked::seal(&mut requests, &reseal)?;
            let of_writer = |writer: Option<_>| Reseal { from: from(writer.unwrap_or(old)), to: reseal.to.clone() };
            let shown = as_shown(outputs, &executions).map(|output| output.sealed(of_writer));
            let shown = shown.collect::<Result<Vec<_>, _>>()?;
            let mut new = Moved::default();
            contents.into_iter().try_for_each(|pointer| new.take(core, &reseal, &file, pointer))?;
            Ok((new, shown))
        })();
        let (new, outputs) = resealed.map_err(|error: EngineError| {
            EngineError::value_of(format!("run `{}` was not imported: {error}", run.id), error)
        })?;
        new.repoint(&mut fields)?;
        let run = ImportedRun {
            id,
            workflow: run.workflow,
            status,
            lease: if is_driven(status) { core.lease_of_new() } else { None },
            wake_at,
            execution,
            unique: moved.then_some(0),
            seed: run.seed,
            created_at: run.created_at,
            parked: run.parked,
            at: core.now(),
            labels,
            indexed: indexed::as_of(indexed, &fields),
            entries,
            fields,
            items,
            outputs,
            taken,
            requests,
            version: run.version,
            parent: None,
            forked_from: None,
            dedup: run.dedup.filter(|_| moved),
            replaces: None,
            goes_on: true,
            traced: false,
        };
        Ok(Self { run, contents: new.contents(reseal, file) })
    }
}

/// Returns the outputs of the run, each with the execution for which its secrets are sealed.
fn as_shown(outputs: Vec<(String, OutputRow)>, executions: &[RunRow]) -> impl Iterator<Item = CopiedOutput> {
    outputs.into_iter().map(|(channel, row)| {
        let writer = executions.iter().find(|execution| execution.number == row.run);
        CopiedOutput { channel, row, sealed_for: writer.map(|writer| writer.execution) }
    })
}

/// Returns the types of the answers in the inbox.
fn answers(items: &[NewInboxItem], requests: &[RequestRow]) -> Vec<Option<String>> {
    let of = |item: &NewInboxItem| requests::answer_type(requests, item.name.as_deref()?).map(str::to_owned);
    items.iter().map(of).collect()
}

/// Seals the items of the inbox, given the types of the answers among them.
fn seal_items(items: &mut [NewInboxItem], answers: &[Option<String>], reseal: &Reseal) -> Result<(), EngineError> {
    for (item, answer) in items.iter_mut().zip(answers) {
        reseal.item(item, answer.as_deref())?;
        // The child run is unknown here, or another run has its id.
        item.sender.take_if(|_| item.kind == InboxKind::Ended);
    }
    Ok(())
}

/// The contents in a file, with the pointers that replace those to them.
#[derive(Default)]
struct Moved {
    /// The new pointers, by field and hash in the file.
    new: HashMap<(String, String), Pointer>,
    contents: Vec<(Pointer, Pointer)>,
}

impl Moved {
    fn take(&mut self, core: &Core, reseal: &Reseal, file: &RunFile, old: Pointer) -> Result<(), EngineError> {
        if !core.options.stores.contains_key(&old.store) {
            let store = &old.store;
            return Err(EngineError::value(format!(
                "its field `{}` goes to the field store `{store}`, which the engine does not have: add \
                 `.field_store(\"{store}\", ..)` to its builder",
                old.field
            )));
        }
        let bytes = read(file, reseal, &old)?;
        let new = Pointer { bytes: bytes.len(), hash: content_hash(&bytes), ..old.clone() };
        self.new.insert((old.field.clone(), old.hash.clone()), new.clone());
        self.contents.push((old, new));
        Ok(())
    }

    fn repoint(&self, fields: &mut [crate::store::FieldRow]) -> Result<(), EngineError> {
        for row in fields.iter_mut().filter(|row| row.value.encoding == Encoding::Stored) {
            let old = Pointer::read(&row.value).map_err(|error| EngineError::file(error.to_string()))?;
            let new = self.new.get(&(old.field.clone(), old.hash)).ok_or_else(|| {
                EngineError::file(format!("the file of the run does not hold what its field `{}` points to", old.field))
            })?;
            row.value = Pointer { store: old.store, ..new.clone() }.to_value();
        }
        Ok(())
    }

    fn contents(self, reseal: Reseal, file: RunFile) -> Contents {
        let pointers = self.contents.iter().map(|(_, new)| new.clone()).collect();
        let places = Arc::new(self.contents);
        let source = Arc::new(Mutex::new((file, reseal)));
        let fetch = Box::new(move |place: usize| -> BoxFuture<'static, Result<Bytes, EngineError>> {
            let (places, source) = (places.clone(), source.clone());
            Box::pin(async move {
                let reading = threads::blocking(&Handle::current(), move || {
                    let source = source.lock().unwrap_or_else(PoisonError::into_inner);
                    let (file, reseal) = &*source;
                    read(file, reseal, &places[place].0)
                })?;
                reading.await.unwrap_or(Err(EngineError::ShuttingDown))
            })
        });
        Contents { pointers, fetch }
    }
}

/// Reads a content of the file, and seals its secrets for the new run.
fn read(file: &RunFile, reseal: &Reseal, old: &Pointer) -> Result<Bytes, EngineError> {
    let bytes = file.content(old).map_err(EngineError::file_of)?;
    resealed(reseal, old, bytes)
}

/// Returns whether a run with this status belongs to a lease.
const fn is_driven(status: Status) -> bool {
    matches!(status, Status::Running | Status::Sleeping | Status::Paused)
}
