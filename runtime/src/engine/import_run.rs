//! Writes a run that began elsewhere into the database, with the contents of its fields.
//!
//! Rows come before contents: a content in a field store to which no run points is garbage, and may be collected at any
//! time. So a run with contents is first written as parked and without owner; once its contents are saved, one append
//! gives it its real state. A process that dies in between leaves a parked run that no engine tries, and that can be
//! deleted.

use super::clock::AGAIN;
use super::contents;
use super::core::Core;
use super::delete;
use super::error::EngineError;
use super::half_copied::{changed, half_copied, is_half_copied};
use super::parked;
use super::trace::NewRunTrace;
use crate::field_store::content_hash;
use crate::fields::Fields;
use crate::metrics;
use crate::store::{
    AuditRow, Change, ImportedRun, Lease, Rejected, RunKey, RunQuery, RunRow, Status, StoreError, StoreErrorKind,
    Write, Written,
};
use crate::value::Pointer;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The number of runs read at a time.
const PAGE: usize = 4_096;

/// The contents of a run's fields under their new hashes, and the source of their bytes, one at a time.
pub(super) struct Contents {
    pub(super) pointers: Vec<Pointer>,
    /// Returns the bytes of the content with this index.
    pub(super) fetch: Box<dyn FnMut(usize) -> BoxFuture<'static, Result<Bytes, EngineError>> + Send>,
}

/// The outcome of writing a run.
pub(super) enum Placed {
    New(Box<RunRow>),
    /// This run has the id or the execution already: nothing was written.
    Exists(Box<RunRow>),
}

/// Writes a run into the database and resumes it.
///
/// # Errors
/// Nothing is left in the database; or the contents could not be copied, and the error says whether the run is left.
pub(super) async fn place(
    core: &Arc<Core>,
    mut run: ImportedRun,
    contents: Contents,
    record: Option<&AuditRow>,
) -> Result<Placed, EngineError> {
    let _importing = core.import_gate.read().await;
    if run.unique.is_some() {
        match look_for_twin(core, &run).await? {
            Ok(last) => run.unique = Some(last),
            Err(twin) => return Ok(Placed::Exists(twin)),
        }
    }
    let half = !contents.pointers.is_empty() && run.replaces.is_none();
    let mut contents = Some(contents);
    if let Some(contents) = contents.take_if(|_| run.replaces.is_some()) {
        // The replaced run must stay until all contents are copied; if that fails, the copies are garbage.
        copy_under(core, &core.fields_of(&run), contents).await?;
    }
    let trace = NewRunTrace::of_import(&run);
    let replaced = status_of(core, run.replaces).await?;
    let written = if half { half_copied(&run) } else { run.clone() };
    let number = match core.committer.write(Write::Import(Box::new(written)).recorded(record)).await {
        Ok(Ok(Written::Number(number))) => number,
        Ok(Err(Rejected::Exists(row))) => return Ok(Placed::Exists(row)),
        Ok(Err(Rejected::Held(holder))) => {
            let (id, key) = (run.id, holder.dedup.clone().unwrap_or_default());
            return Err(EngineError::Held { id, key, holder: holder.id });
        }
        Ok(Err(Rejected::Refused(text))) => return Err(EngineError::value(text)),
        Ok(_) => return Err(lost(&run.id)),
        Err(error) => find(core, &run, error).await?,
    };
    if let Some(contents) = contents.filter(|_| half) {
        let copied = copy(core, number, &run, contents).await;
        if let Err(error) = copied {
            return Err(take_back(core, number, &run.id, error).await);
        }
        complete(core, number, &run).await?;
    }
    metrics::run_started(&run.workflow);
    if replaced.is_some_and(|old| !old.is_final()) {
        metrics::run_ended(&run.workflow, Status::Replaced);
    }
    if let Some(trace) = trace {
        trace.emit();
    }
    let row = core.read(move |store| store.run(RunKey::Number(number))).await?;
    let row = row.ok_or_else(|| EngineError::NoSuchRun { id: run.id.clone() })?;
    wake(core, &row, !run.items.is_empty()).await;
    Ok(Placed::New(Box::new(row)))
}

/// Returns the status of a run that is to be replaced.
async fn status_of(core: &Core, run: Option<i64>) -> Result<Option<Status>, EngineError> {
    let Some(run) = run else { return Ok(None) };
    let row = core.ask(move |store| store.run(RunKey::Number(run))).await?;
    Ok(row.map(|row| row.status))
}

/// Returns the run that has the same execution, or the run number up to which none has. All runs are scanned here, by a
/// reader; the transaction, which blocks all other writes, scans only those added since.
async fn look_for_twin(core: &Core, run: &ImportedRun) -> Result<Result<i64, Box<RunRow>>, EngineError> {
    let (execution, mut last) = (run.execution, 0);
    loop {
        let query = RunQuery { after: Some(last), limit: PAGE, ..RunQuery::default() };
        let page = core.ask(move |store| store.runs(&query)).await?;
        last = page.runs.iter().map(|row| row.number).fold(page.next.unwrap_or(last), i64::max);
        let twin = page.runs.into_iter().find(|row| row.execution == execution && run.replaces != Some(row.number));
        if let Some(twin) = twin {
            return Ok(Err(Box::new(twin)));
        }
        if page.next.is_none() {
            return Ok(Ok(last));
        }
    }
}

fn lost(id: &str) -> EngineError {
    let message = format!("run `{id}` was not written: another engine took this engine's lease. Try it again");
    StoreError::new(StoreErrorKind::Busy, message).into()
}

/// Looks for a write of unknown outcome, before a caller repeats it.
async fn find(core: &Core, run: &ImportedRun, error: StoreError) -> Result<i64, EngineError> {
    loop {
        let key = run.id.clone();
        match core.read(move |store| store.run(RunKey::Id(&key))).await {
            Ok(Some(row)) if row.execution == run.execution => return Ok(row.number),
            Err(error) if !error.is_for_good() && core.pause(AGAIN).await => {}
            _ => return Err(error.into()),
        }
    }
}

async fn copy(core: &Core, number: i64, run: &ImportedRun, contents: Contents) -> Result<(), EngineError> {
    let row = core.read(move |store| store.run(RunKey::Number(number))).await?;
    let row = row.ok_or_else(|| EngineError::NoSuchRun { id: run.id.clone() })?;
    copy_under(core, &core.fields(&row), contents).await
}

/// Copies contents under the key of a run.
async fn copy_under(core: &Core, fields: &Fields, mut contents: Contents) -> Result<(), EngineError> {
    for (place, pointer) in contents.pointers.iter().enumerate() {
        let bytes = (contents.fetch)(place).await?;
        if content_hash(&bytes) != pointer.hash {
            let message = format!("field `{}` is not what it was a moment ago; were keys changed?", pointer.field);
            return Err(EngineError::value(message));
        }
        contents::save(core, fields, pointer, bytes).await?;
    }
    Ok(())
}

/// Removes a run whose contents could not be copied.
async fn take_back(core: &Arc<Core>, number: i64, id: &str, error: EngineError) -> EngineError {
    match delete::delete(core, number, id, None).await {
        Ok(()) => error,
        Err(left) => EngineError::value_of(format!("{error}; and run `{id}` is left parked, because {left}"), error),
    }
}

/// Gives the run its real state, once all contents are copied.
async fn complete(core: &Core, number: i64, run: &ImportedRun) -> Result<(), EngineError> {
    let gone = || EngineError::NoSuchRun { id: run.id.clone() };
    loop {
        let row = core.read(move |store| store.run(RunKey::Number(number))).await?.ok_or_else(gone)?;
        if !is_half_copied(&row) {
            return if row.status == Status::Deleting { Err(gone()) } else { Ok(()) };
        }
        let mut lease = core.lease(row.lease);
        if lease.is_none()
            && let Some(primary) = core.lease_of_new()
        {
            let claimed = core.committer.write(Write::Claim { run: number, lease: primary }).await;
            lease = matches!(claimed, Ok(Ok(_))).then_some(primary);
        }
        let nobodys = || core.lease_of_new().is_none().then_some(Lease { number: 0, epoch: 0 });
        if let Some(lease) = lease.or_else(nobodys) {
            let change = Change {
                status: Some(run.status),
                wake_at: Some(run.wake_at),
                loads: Some(0),
                parked: Some(run.parked.clone()),
                release: run.lease.is_none(),
                traced: false,
            };
            // No other engine changes the row, so this result is final; otherwise the row is read again.
            let append = Arc::new(changed(&row, lease, change, core.now()));
            let write = if row.lease.is_none() && core.lease_of_new().is_none() {
                Write::AppendParked(append)
            } else {
                Write::Append(append)
            };
            let done = core.committer.write(write).await;
            if matches!(done, Ok(Ok(_))) {
                return Ok(());
            }
        }
        if !core.pause(AGAIN).await {
            return Err(EngineError::ShuttingDown);
        }
    }
}

/// Resumes a run that was just written, now or when it is due. A parked run is tried.
async fn wake(core: &Arc<Core>, row: &RunRow, has_mail: bool) {
    match row.status {
        Status::Running | Status::Sleeping => match row.wake_at.filter(|due| !has_mail && *due > core.now()) {
            Some(due) => core.wake_evicted(due),
            None => drop(core.load(row.number)),
        },
        Status::Parked => {
            if let Err(error) = parked::retry(core, row.number, &row.id, None).await {
                tracing::warn!(run = %row.id, %error, "the run is in the database, and stays parked for now");
            }
        }
        _ => {}
    }
}
