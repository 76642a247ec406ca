//! Writing the file of a run from its committed rows.

use super::file::FileWriter;
use super::record::{ContentRecord, Record, RunRecord};
use super::{ExportInfo, moving};
use crate::engine::contents as copied;
use crate::engine::core::Core;
use crate::engine::error::EngineError;
use crate::engine::half_copied;
use crate::engine::inbox;
use crate::engine::shown::{self, CopiedOutput};
use crate::machine::Standing;
use crate::store::{
    Belongings, EntryRow, FieldRow, InboxRow, RequestKey, RequestRow, RunKey, RunRow, Status, Store, StoreError,
    StoreErrorKind, TakenItem,
};
use crate::value::{Form, Pointer};
use std::collections::BTreeMap;
use std::path::Path;

/// How many entries are read at a time.
const PAGE: usize = 512;

/// Writes the file of a run: with `moved`, of a run that was moved, as it was before. Called on a thread that may block.
pub(super) fn write(core: &Core, number: i64, id: &str, moved: bool, path: &Path) -> Result<ExportInfo, EngineError> {
    let store = &*core.store;
    let (mut row, items) = standing(core, number, id)?;
    if row.status == Status::Deleting {
        let action = "a run that is being deleted cannot be exported";
        return Err(EngineError::WrongStatus { id: row.id, status: row.status, action });
    }
    if half_copied::is_half_copied(&row) {
        let action = "its fields are not all here, so it cannot be exported";
        return Err(EngineError::WrongStatus { id: row.id, status: row.status, action });
    }
    if moved {
        before_it_was_moved(store, &mut row)?;
    }
    let beside = Beside::read(store, &row, moved)?;
    let outputs = shown::copied(store, &row, row.seq)?;
    // What is counted is written first: the contents of a history are known only once it was read.
    let counted = count(store, &row)?;
    let contents = counted.contents.len();
    let mut file = FileWriter::create(path)?;
    let run = RunRecord {
        moved,
        database: store.database_id().to_owned(),
        id: row.id.clone(),
        workflow: row.workflow.clone(),
        version: row.version,
        status: row.status.as_str().to_owned(),
        wake_at: row.wake_at,
        parked: row.parked.clone(),
        incarnation: row.incarnation,
        seed: row.seed,
        created_at: row.created_at,
        dedup: row.dedup.clone(),
        labels: Some(store.labels(number)?),
        entries: row.seq,
        fields: counted.fields,
        items: items.len() as u64,
        taken: beside.taken.len() as u64,
        requests: beside.requests.len() as u64,
        outputs: outputs.len() as u64,
        contents: contents as u64,
    };
    file.write(&Record::Run(run), &[])?;
    write_rows(&mut file, store, &row, &items, &beside, &outputs)?;
    let env = core.fields(&row);
    for pointer in counted.contents.into_values() {
        let content = core.runtime.block_on(copied::load(core, &env, &pointer))?;
        file.write(&Record::Content(ContentRecord { pointer }), &content)?;
    }
    let bytes = file.finish()?;
    Ok(ExportInfo { run: row.id, workflow: row.workflow, status: row.status, entries: row.seq, contents, bytes })
}

/// The rows of the run, table by table.
fn write_rows(
    file: &mut FileWriter,
    store: &dyn Store,
    row: &RunRow,
    items: &[InboxRow],
    beside: &Beside,
    outputs: &[CopiedOutput],
) -> Result<(), EngineError> {
    pages(store, row, &mut |entries, fields| {
        for entry in &entries {
            file.write(&Record::entry(entry), entry.value.as_ref().map_or(&[], |value| &value.bytes))?;
        }
        fields.iter().try_for_each(|field| file.write(&Record::field(field), &field.value.bytes))
    })?;
    for item in items {
        file.write(&Record::item(item), item.value.as_ref().map_or(&[], |value| &value.bytes))?;
    }
    for item in &beside.taken {
        file.write(&Record::taken(item), &[])?;
    }
    for request in &beside.requests {
        file.write(&Record::request(request), &request.value.bytes)?;
    }
    for output in outputs {
        file.write(&Record::output(output), output.row.value.as_ref().map_or(&[], |value| &value.bytes))?;
    }
    Ok(())
}

/// The run's row and what waits in its inbox, as they were at one moment.
///
/// Entries and fields are never changed once they are committed, so the row's last number says which of them belong to
/// that moment, whatever is appended meanwhile; and a commit holds whole turns. An item of the inbox is taken by the commit
/// that appends what it says. So if the row is the same before and after the inbox was read, all that was found waiting
/// was waiting then. And if the inbox was empty before the row was read, what was sent before that is in the journal by
/// then; what comes later comes after the export.
fn standing(core: &Core, number: i64, id: &str) -> Result<(RunRow, Vec<InboxRow>), EngineError> {
    let store = &*core.store;
    let row = || store.run(RunKey::Number(number))?.ok_or_else(|| EngineError::NoSuchRun { id: id.to_owned() });
    loop {
        let before = row()?;
        // What others have ended with is sealed for this run then: in the file nobody knows the others.
        let items = inbox::items(store, number, &core.fields(&before), 0, usize::MAX)?;
        let row = row()?;
        if row.status.is_final() && row.status != Status::Moved {
            return Ok((row, Vec::new()));
        }
        if items.is_empty() || row.seq == before.seq {
            return Ok((row, items));
        }
    }
}

/// The row without the last entry, which says what it was.
fn before_it_was_moved(store: &dyn Store, row: &mut RunRow) -> Result<(), EngineError> {
    let last = store.entries(row.number, row.seq.saturating_sub(1), 1)?.pop();
    let standing = last.as_ref().and_then(Standing::of);
    let Some((standing, status)) = standing.and_then(|standing| Some((standing.clone(), standing.status()?))) else {
        let message = format!("the last entry of run `{}` should say how the run stood when it was moved", row.id);
        return Err(StoreError::new(StoreErrorKind::Damaged, message).into());
    };
    row.seq -= 1;
    row.status = status;
    row.wake_at = standing.wake_at;
    row.parked = standing.parked;
    row.dedup = standing.dedup;
    Ok(())
}

/// What the run has in the database that its journal does not tell.
#[derive(Default)]
struct Beside {
    taken: Vec<TakenItem>,
    requests: Vec<RequestRow>,
}

impl Beside {
    /// A copy is another run, to which nothing has come. Of questions that are answered it needs the types.
    fn read(store: &dyn Store, row: &RunRow, moved: bool) -> Result<Self, EngineError> {
        let belongings = store.belongings(row.number)?;
        match belongings {
            Some(Belongings { taken, requests, .. }) => {
                Ok(Self { taken: if moved { taken } else { Vec::new() }, requests })
            }
            None if moved => Err(moving::unknown_belongings(&row.id)),
            None => Ok(Self { taken: Vec::new(), requests: store.requests(RequestKey::Run(row.number))? }),
        }
    }
}

/// What a history holds besides its entries.
#[derive(Default)]
struct Counted {
    fields: u64,
    /// Each content once, by store, field and hash.
    contents: BTreeMap<(String, String, String), Pointer>,
}

fn count(store: &dyn Store, row: &RunRow) -> Result<Counted, EngineError> {
    let mut counted = Counted::default();
    let (number, mut from) = (row.number, 1);
    while from <= row.seq {
        let to = row.seq.min(from + PAGE as u64);
        let rows = store.fields(number, from, to)?;
        counted.fields += rows.len() as u64;
        for row in rows.iter().filter(|row| row.value.form == Form::Stored) {
            let pointer = Pointer::read(&row.value).map_err(|error| EngineError::value_of(error.to_string(), error))?;
            let key = (pointer.store.clone(), pointer.field.clone(), pointer.hash.clone());
            counted.contents.insert(key, pointer);
        }
        from = to + 1;
    }
    Ok(counted)
}

type EachPage<'a> = &'a mut dyn FnMut(Vec<EntryRow>, Vec<FieldRow>) -> Result<(), EngineError>;

/// The entries up to the row's last one, with their fields, a page at a time.
fn pages(store: &dyn Store, row: &RunRow, each: EachPage<'_>) -> Result<(), EngineError> {
    let mut after = 0;
    while after < row.seq {
        let mut entries = store.entries(row.number, after, PAGE)?;
        entries.retain(|entry| entry.seq <= row.seq);
        let whole = entries.iter().zip(after + 1..).all(|(entry, seq)| entry.seq == seq);
        let Some(last) = entries.last().map(|entry| entry.seq).filter(|_| whole) else {
            let message =
                format!("the history of run `{}` has no entry {}: was it deleted meanwhile?", row.id, after + 1);
            return Err(StoreError::new(StoreErrorKind::Damaged, message).into());
        };
        let fields = store.fields(row.number, after + 1, last)?;
        each(entries, fields)?;
        after = last;
    }
    Ok(())
}
