//! Reads the outputs of a run for a run that copies them.

use crate::engine::{error::EngineError, reseal::Reseal};
use crate::record::OutputKind;
use crate::store::{EntryRow, OutputRow, RunKey, RunRow, Store, StoreError};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

/// An item of a channel.
pub(in crate::engine) struct CopiedOutput {
    pub(in crate::engine) channel: String,
    /// The item, with `seq` 0 if no entry of the run itself wrote it.
    pub(in crate::engine) row: OutputRow,
    /// The execution for which its secrets are sealed, if not that of the run.
    pub(in crate::engine) sealed_for: Option<[u8; 16]>,
}

impl CopiedOutput {
    /// Returns the item with its secrets sealed for another run. `from` returns the reseal from an execution, or
    /// without one from the run itself.
    ///
    /// # Errors
    /// A key is missing.
    pub(in crate::engine) fn sealed(
        mut self,
        from: impl FnOnce(Option<[u8; 16]>) -> Reseal,
    ) -> Result<(String, OutputRow), EngineError> {
        if let Some(value) = &mut self.row.value {
            from(self.sealed_for).output(&self.channel, value)?;
        }
        Ok((self.channel, self.row))
    }
}

/// Returns the outputs of a run up to an entry, with those of its predecessors under the same id, channel by channel.
///
/// # Errors
/// The database cannot be read.
pub(in crate::engine) fn copied(store: &dyn Store, run: &RunRow, to: u64) -> Result<Vec<CopiedOutput>, StoreError> {
    let mut writers: HashMap<i64, Option<[u8; 16]>> = HashMap::new();
    let mut outputs = Vec::new();
    for channel in channels(store, run)? {
        for mut row in store.outputs(run.first_run, &channel, 0, usize::MAX, false)? {
            let own = row.run == run.number;
            if row.run > run.number || (own && row.seq > to) {
                continue;
            }
            let mut sealed_for = None;
            if !own {
                sealed_for = match writers.entry(row.run) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        *new.insert(store.run(RunKey::Number(row.run))?.map(|writer| writer.execution))
                    }
                };
                row.seq = 0;
            }
            outputs.push(CopiedOutput { channel: channel.clone(), row, sealed_for });
        }
    }
    Ok(outputs)
}

/// Returns the channels of a run's first run: from the store, or else as far as the journals name them.
fn channels(store: &dyn Store, run: &RunRow) -> Result<BTreeSet<String>, StoreError> {
    if let Some(belongings) = store.belongings(run.number)? {
        return Ok(belongings.channels.into_iter().collect());
    }
    let mut channels = BTreeSet::new();
    let mut current = run.clone();
    loop {
        named(&store.entries(current.number, 0, usize::MAX)?, &mut channels);
        let Some(before) = current.forked_from.filter(|_| current.first_run != current.number) else { break };
        let Some(row) = store.run(RunKey::Number(before))? else { break };
        current = row;
    }
    Ok(channels)
}

/// Adds the channels to which these entries wrote.
fn named(entries: &[EntryRow], channels: &mut BTreeSet<String>) {
    channels
        .extend(entries.iter().filter_map(|entry| Some(OutputKind::of(entry.kind, entry.name.as_deref()?)?.channel())));
}
