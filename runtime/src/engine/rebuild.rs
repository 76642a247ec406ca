//! Replays a run's history into a machine, page by page.

use super::inbox;
use super::suspects::Watch;
use crate::journal::AnyWorkflow;
use crate::machine::{LoadField, Machine, Rebuild};
use crate::record::{FORMAT, ParkCause, ParkReason};
use crate::store::{EntryRow, FieldRow, RunRow, Store, lineage_flaw};

/// The number of entries read at a time, unless they are large.
const PAGE: usize = 4_096;
/// The size in bytes of a page after which the next one is smaller.
const PAGE_BYTES: usize = 16 << 20;

/// Replays the whole history, then receives the items in the inbox. `watch` is that of a suspect, which is being polled.
pub(crate) fn rebuild(
    store: &dyn Store,
    watch: Option<&Watch>,
    run: &mut Machine,
    row: &RunRow,
    workflow: &dyn AnyWorkflow,
    now: impl FnOnce(&mut Machine) -> i64,
    load: LoadField<'_>,
) -> Result<(), Rebuild> {
    replay(store, watch, run, (row, u64::MAX), workflow, load)?;
    let now = now(run);
    run.finish_replay(workflow, now, load)?;
    let fields = run.env().fields.clone();
    let items = Watch::aside(watch, || inbox::items(store, row.number, &fields, 0, usize::MAX));
    for mut item in items.map_err(Rebuild::Store)? {
        if let Some(pointer) = inbox::result_of(&item) {
            let value = pointer.to_value();
            item.value = Some(load(&FieldRow { seq: 0, format: FORMAT, name: pointer.field, value })?);
        }
        run.receive(item, now);
    }
    Ok(())
}

/// Replays the history up to an entry.
pub(super) fn replay(
    store: &dyn Store,
    watch: Option<&Watch>,
    run: &mut Machine,
    (row, to): (&RunRow, u64),
    workflow: &dyn AnyWorkflow,
    load: LoadField<'_>,
) -> Result<(), Rebuild> {
    if let Some(flaw) = Watch::aside(watch, || lineage_flaw(store, row)).map_err(Rebuild::Store)? {
        let message = format!("the row of run `{}` (number {}) is damaged: {flaw}", row.id, row.number);
        return Err(Rebuild::Park(ParkReason::new(ParkCause::Damaged, message)));
    }
    let mut page = PAGE;
    loop {
        let after = run.tail();
        let entries = Watch::aside(watch, || store.entries(row.number, after, page));
        let mut entries = entries.map_err(Rebuild::Store)?;
        let full = entries.len() == page;
        entries.retain(|entry| entry.seq <= to);
        let Some(last) = entries.last().map(|entry| entry.seq) else { break };
        let has_fields = entries.iter().any(EntryRow::writes_fields);
        let fields = || if has_fields { store.fields(row.number, after + 1, last) } else { Ok(Vec::new()) };
        let fields = Watch::aside(watch, fields);
        let bytes: usize = entries.iter().filter_map(|entry| entry.value.as_ref()).map(|value| value.bytes.len()).sum();
        page = if bytes > PAGE_BYTES { (page / 4).max(16) } else { page };
        run.replay(workflow, entries, fields.map_err(Rebuild::Store)?, load)?;
        if !full {
            break;
        }
    }
    if run.tail() != row.seq {
        let message = format!(
            "the history of run `{}` (number {}) is damaged: its row says that it has {} entries, found were {}",
            row.id,
            row.number,
            row.seq,
            run.tail()
        );
        return Err(Rebuild::Park(ParkReason::new(ParkCause::Damaged, message)));
    }
    Ok(())
}
