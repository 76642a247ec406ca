//! Writes the file of a run from its committed rows.

use super::{ExportInfo, moving};
use crate::engine::contents as copied;
use crate::engine::core::Core;
use crate::engine::error::EngineError;
use crate::engine::half_copied;
use crate::engine::inbox;
use crate::engine::outputs::{self, CopiedOutput};
use crate::machine::MovedState;
use crate::store::{
    Belongings, EntryRow, FieldRow, FileInfo, InboxRow, RequestKey, RequestRow, RunFileWriter, RunKey, RunRow, RunRows,
    Status, Store, StoreError, StoreErrorKind,
};
use crate::value::{Encoding, Pointer};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The number of entries read at a time.
const PAGE: usize = 512;

/// Writes the file of a run; with `moved`, that of a moved run in its state before the move. Called on a thread that
/// may block.
pub(in crate::engine) fn write(
    core: &Core,
    number: i64,
    id: &str,
    moved: bool,
    path: &Path,
) -> Result<ExportInfo, EngineError> {
    let store = &*core.store;
    let (mut row, items) = row_state(core, number, id)?;
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
    let outputs = outputs::copied(store, &row, row.seq)?;
    let beside = RunRows {
        executions: executions(store, &outputs)?,
        labels: store.labels(number)?,
        indexed: store.indexed(number)?,
        items: items.into_iter().map(Into::into).collect(),
        outputs: outputs.into_iter().map(|output| (output.channel, output.row)).collect(),
        ..belongings(store, &row, moved)?
    };
    // The run in the file has no owner: the engine that imports it owns it.
    let run = RunRow { lease: None, loads: 0, ..row };
    let info = FileInfo { run: run.clone(), moved, database: store.database_id().to_owned() };
    let file = RunFileWriter::create(path, info).map_err(EngineError::file_of)?;
    file.add(&beside).map_err(EngineError::file_of)?;
    let mut contents = BTreeMap::new();
    pages(store, &run, &mut |entries, fields| {
        stored(&fields, &mut contents)?;
        file.add(&RunRows { entries, fields, ..RunRows::default() }).map_err(EngineError::file_of)
    })?;
    let fields = core.fields(&run);
    for pointer in contents.values() {
        let content = core.runtime.block_on(copied::load(core, &fields, pointer))?;
        file.add_content(pointer, &content).map_err(EngineError::file_of)?;
    }
    let bytes = file.finish().map_err(EngineError::file_of)?;
    let (entries, contents) = (run.seq, contents.len());
    Ok(ExportInfo { run: run.id, workflow: run.workflow, status: run.status, entries, contents, bytes })
}

/// Returns the rows of earlier executions that wrote outputs: they tell for which execution secrets are sealed.
fn executions(store: &dyn Store, outputs: &[CopiedOutput]) -> Result<Vec<RunRow>, StoreError> {
    let writers: BTreeSet<i64> =
        outputs.iter().filter(|output| output.sealed_for.is_some()).map(|output| output.row.run).collect();
    let rows = writers.into_iter().filter_map(|run| store.run(RunKey::Number(run)).transpose());
    rows.map(|row| row.map(|row| RunRow { lease: None, ..row })).collect()
}

/// Returns the run's row and the items in its inbox, as they were at one moment.
///
/// Committed entries and fields never change, so the last number in the row bounds those that belong to that moment,
/// even if more is appended meanwhile; and a commit holds whole turns. An inbox item is taken by the commit that
/// appends its entry. So if the row is the same before and after the inbox was read, all items found were waiting at
/// that moment. And if the inbox was empty before the row was read, items sent earlier are in the journal by then;
/// later ones arrive after the export.
fn row_state(core: &Core, number: i64, id: &str) -> Result<(RunRow, Vec<InboxRow>), EngineError> {
    let store = &*core.store;
    let row = || store.run(RunKey::Number(number))?.ok_or_else(|| EngineError::NoSuchRun { id: id.to_owned() });
    loop {
        let before = row()?;
        // The results of other runs are sealed for this run here: an import of the file cannot read the other runs.
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

/// Restores the row from the last entry, which records its state before the move.
fn before_it_was_moved(store: &dyn Store, row: &mut RunRow) -> Result<(), EngineError> {
    let last = store.entries(row.number, row.seq.saturating_sub(1), 1)?.pop();
    let row_state = last.as_ref().and_then(MovedState::of);
    let Some((row_state, status)) = row_state.and_then(|row_state| Some((row_state.clone(), row_state.status()?)))
    else {
        let message = format!("the last entry of run `{}` should say how the run stood when it was moved", row.id);
        return Err(StoreError::new(StoreErrorKind::Damaged, message).into());
    };
    row.seq -= 1;
    row.status = status;
    row.wake_at = row_state.wake_at;
    row.parked = row_state.parked;
    row.dedup = row_state.dedup;
    Ok(())
}

/// Returns the run's rows that its journal does not contain. A copy is another run that has received nothing, so it
/// gets no keys of taken items. Answered requests are included for the types of their answers.
fn belongings(store: &dyn Store, row: &RunRow, moved: bool) -> Result<RunRows, EngineError> {
    let (taken, mut requests) = match store.belongings(row.number)? {
        Some(Belongings { taken, requests, .. }) => (if moved { taken } else { Vec::new() }, requests),
        None if moved => return Err(moving::unknown_belongings(&row.id)),
        None => (Vec::new(), store.requests(RequestKey::Run(row.number))?),
    };
    for request in &mut requests {
        request.answered.take_if(|answered| answered == RequestRow::MOVED);
    }
    Ok(RunRows { taken, requests, ..RunRows::default() })
}

/// Adds the contents to which fields point, each once, by store, field and hash.
fn stored(fields: &[FieldRow], contents: &mut BTreeMap<[String; 3], Pointer>) -> Result<(), EngineError> {
    for row in fields.iter().filter(|row| row.value.encoding == Encoding::Stored) {
        let pointer = Pointer::read(&row.value).map_err(|error| EngineError::value_of(error.to_string(), error))?;
        contents.insert(pointer.place(), pointer);
    }
    Ok(())
}

type EachPage<'a> = &'a mut dyn FnMut(Vec<EntryRow>, Vec<FieldRow>) -> Result<(), EngineError>;

/// Calls `each` for the entries up to the row's last one with their fields, a page at a time.
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
