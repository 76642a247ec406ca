//! Builds a run that begins with the history of another: its rows, with all secrets resealed.

use super::fields::change;
use super::outside::Outside;
use super::{Plan, labels, outside, point};
use crate::command::asked_again;
use crate::engine::{
    asked, continuing::Source, core::Core, error::EngineError, half_copied, import_run::Contents, indexed,
    reseal::Reseal,
};
use crate::machine::{Origins, forget_deduplication_key, recorded_scope};
use crate::record::{InboxKind, ParkReason};
use crate::store::{EntryRow, FieldRow, ImportedRun, InboxRow, Lease, RequestKey, RunKey, RunRow, Status};
use crate::value::{Encoding, Pointer, Value};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;

/// A run as committed at one moment.
pub(super) struct History {
    pub(super) row: RunRow,
    pub(super) entries: Vec<EntryRow>,
    /// The items in its inbox.
    pub(super) items: Vec<InboxRow>,
}

/// Reads a run, also one that another engine drives.
///
/// # Errors
/// There is no such run, or it is not complete; or the engine shuts down before its entries were read.
pub(super) async fn history(core: &Core, id: &str) -> Result<History, EngineError> {
    let no_run = || EngineError::NoSuchRun { id: id.to_owned() };
    let mut entries: Vec<EntryRow> = Vec::new();
    let key = id.to_owned();
    let row = core.ask(move |store| store.run(RunKey::Id(&key))).await?.ok_or_else(no_run)?;
    loop {
        let (number, after) = (row.number, entries.len() as u64);
        let read = core.ask(move |store| {
            let entries = store.entries(number, after, usize::MAX)?;
            let items = store.inbox(RunKey::Number(number), 0, usize::MAX)?;
            Ok((entries, items, store.run(RunKey::Number(number))?))
        });
        let (more, items, row) = read.await?;
        let row = row.filter(|row| row.status != Status::Deleting).ok_or_else(no_run)?;
        if half_copied::is_half_copied(&row) {
            let action = "its fields are not all here, so that no other run can begin with its history";
            return Err(EngineError::WrongStatus { id: row.id, status: row.status, action });
        }
        entries.extend(more);
        // An item taken from the inbox is in the journal by then, so no item is seen twice or missed.
        if row.seq == entries.len() as u64 {
            return Ok(History { row, entries, items });
        }
        if core.is_draining() {
            return Err(EngineError::ShuttingDown);
        }
        if row.seq < entries.len() as u64 {
            return Err(EngineError::value(format!("the history of run `{id}` is damaged: it has too many entries")));
        }
    }
}

/// Where the new run is.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Under another id.
    Beside,
    /// In place of the other, and under this lease; without one it is for others to claim.
    Instead(Option<Lease>),
}

impl Place {
    fn lease(self, core: &Core) -> Option<Lease> {
        match self {
            Self::Instead(lease) => lease,
            Self::Beside => core.lease_of_new(),
        }
    }
}

/// Builds the run.
pub(super) async fn make(
    core: &Arc<Core>,
    plan: &Plan,
    history: History,
    place: Place,
) -> Result<(ImportedRun, Contents), EngineError> {
    let History { row: old, mut entries, items } = history;
    let replaces = matches!(place, Place::Instead(_));
    let version = version(core, plan, &old)?;
    let cut = plan.at.cut(&old.id, &entries)?;
    let rest = entries.split_off(point::kept(cut, &entries));
    let labels = labels::at_the_point(core, plan, &old, (&entries, &rest)).await?;
    let (at, execution) = (core.now(), *uuid::Uuid::new_v4().as_bytes());
    let reseal = Arc::new(Reseal { from: core.vault(old.execution), to: core.vault(execution) });
    let outside = Outside { core, old: &old, kept: &entries, execution, reseal: &reseal };
    let waiting: Vec<String> =
        items.iter().filter(|item| item.kind == InboxKind::Answer).filter_map(|item| item.name.clone()).collect();
    let items = outside.items(rest, items, replaces, at).await?;
    let outputs = if replaces { Vec::new() } else { outside.outputs().await? };
    let number = old.number;
    let open = core.ask(move |store| store.requests(RequestKey::Run(number))).await?;
    let answered = items.iter().filter(|item| item.kind == InboxKind::Answer).filter_map(|item| item.name.clone());
    let answered = answered.chain(waiting.into_iter().filter(|_| replaces)).collect();
    // A run that replaces the other keeps the ids of its requests.
    let rename = |id: &str, known: &str| if replaces { id.to_owned() } else { asked_again(execution, known) };
    let mut requests = asked::keep(&open, &mut entries, answered, rename, at);
    asked::seal(&mut requests, &reseal)?;
    outside::name_answers(core, &mut entries).await?;
    let dedup = if replaces { deduplication_key(&old, &entries) } else { None };
    begin_anew(&mut entries, plan, (cut, &old));
    make_its_own(&mut entries, &reseal, replaces, at)?;
    let (fields, indexed) = recorded(core, number, &entries, &plan.asked.fields).await?;
    let mut source = Source::new(core, &old, reseal.clone());
    let (fields, pointers) = copied(&mut source, fields).await?;
    let new_id = || if replaces { old.id.clone() } else { uuid::Uuid::now_v7().to_string() };
    let run = ImportedRun {
        id: plan.id.clone().unwrap_or_else(new_id),
        workflow: old.workflow.clone(),
        status: Status::Running,
        lease: place.lease(core),
        wake_at: Some(0),
        execution,
        unique: None,
        seed: old.seed,
        created_at: if replaces { old.created_at } else { at },
        parked: Some(ParkReason::forked(cut).to_json()),
        at,
        entries,
        fields,
        items,
        outputs,
        taken: Vec::new(),
        requests,
        version,
        parent: old.parent.filter(|_| replaces),
        forked_from: Some(old.number),
        dedup,
        labels,
        indexed,
        replaces: replaces.then_some(old.number),
        goes_on: false,
        traced: core.traces.is_on(),
    };
    Ok((run, Contents { pointers, fetch: Box::new(move |place| source.fetch(place)) }))
}

/// Has the first entry say where the history comes from, and have another input if there is one.
fn begin_anew(entries: &mut [EntryRow], plan: &Plan, (cut, old): (u64, &RunRow)) {
    let Some(first) = entries.first_mut() else { return };
    first.other = Some(Origins::of(first).with(cut, old.execution));
    if let Some(input) = &plan.asked.input {
        first.value = Some(input.clone());
    }
}

/// Adapts the history to the new run: its secrets, its deadline and its deduplication key.
fn make_its_own(entries: &mut [EntryRow], reseal: &Reseal, takes_its_place: bool, at: i64) -> Result<(), EngineError> {
    for entry in entries {
        reseal.entry(entry)?;
        drop_past_deadline(entry, at);
        if !takes_its_place {
            forget_deduplication_key(entry);
        }
    }
    Ok(())
}

/// Returns the version with which the run continues.
fn version(core: &Core, plan: &Plan, old: &RunRow) -> Result<u32, EngineError> {
    let newest = || core.workflows.newest(&old.workflow).map(|(version, _)| version);
    let version = plan.version.or_else(newest).unwrap_or(old.version);
    match core.workflows.get(&old.workflow, version) {
        // A client leaves the run to a worker that has it.
        None if core.options.is_client => Ok(version),
        Some(_) => Ok(version),
        None => Err(EngineError::UnknownWorkflow { name: old.workflow.clone(), version }),
    }
}

/// Returns the field values that a run has recorded in these entries, some of them changed, and those that are indexed.
async fn recorded(
    core: &Core,
    run: i64,
    kept: &[EntryRow],
    changed: &[(String, Value)],
) -> Result<(Vec<FieldRow>, Vec<(String, String)>), EngineError> {
    let last = kept.len() as u64;
    let (mut rows, known) = core.ask(move |store| Ok((store.fields(run, 1, last)?, store.indexed(run)?))).await?;
    change(changed, kept, &mut rows)?;
    let indexed = indexed::as_of(known, &rows);
    Ok((rows, indexed))
}

/// Returns the field values for the run, and the pointers to their contents, each once.
async fn copied(source: &mut Source, mut rows: Vec<FieldRow>) -> Result<(Vec<FieldRow>, Vec<Pointer>), EngineError> {
    let mut pointers = Vec::new();
    let mut known: HashMap<Bytes, Value> = HashMap::new();
    for row in &mut rows {
        if row.value.encoding != Encoding::Stored {
            source.reseal().field(row)?;
            continue;
        }
        if let Some(value) = known.get(&row.value.bytes) {
            row.value = value.clone();
            continue;
        }
        let pointer = source.add(row).await?;
        let value = pointer.to_value();
        known.insert(std::mem::replace(&mut row.value, value.clone()).bytes, value);
        pointers.push(pointer);
    }
    Ok((rows, pointers))
}

/// Returns the key that a run has, or had until it ended.
fn deduplication_key(old: &RunRow, entries: &[EntryRow]) -> Option<String> {
    old.dedup.clone().or_else(|| entries.iter().find_map(recorded_scope)?.deduplication_key)
}

/// Drops a deadline that has passed, so that it does not end the new run.
fn drop_past_deadline(entry: &mut EntryRow, now: i64) {
    let Some(mut scope) = recorded_scope(entry) else { return };
    if scope.deadline.take_if(|deadline| *deadline <= now).is_some() {
        entry.value = Some(Value::json(serde_json::to_vec(&scope).expect("words and numbers are JSON")));
    }
}
