//! Commits: how long they take, and what they write.

use super::names::{self, number};
use crate::store::{EntryRow, Write};
use std::time::Instant;

/// A batch that is being committed.
pub(crate) struct Batch {
    began: Instant,
    writes: usize,
    bytes: usize,
}

impl Batch {
    /// Begins to measure the commit of these writes; `None` without a recorder.
    pub(crate) fn of(writes: &[Write]) -> Option<Self> {
        super::is_recording().then(|| Self {
            began: Instant::now(),
            writes: writes.len(),
            bytes: writes.iter().map(bytes).sum(),
        })
    }

    /// Records that it is durable.
    pub(crate) fn committed(&self) {
        names::COMMIT_DURATION.record(self.began.elapsed().as_secs_f64(), []);
        names::COMMIT_WRITES.record(number(self.writes), []);
        names::COMMIT_BYTES.record(number(self.bytes), []);
    }
}

/// Returns the size of the values that a write adds to a journal and its contexts.
fn bytes(write: &Write) -> usize {
    let of_entries = |entries: &[EntryRow]| -> usize {
        entries.iter().filter_map(|entry| entry.value.as_ref()).map(|value| value.bytes.len()).sum()
    };
    let (entries, fields) = match write {
        Write::Append(append) => (&append.entries, append.fields.as_slice()),
        Write::Start(run) => (&run.entries, [].as_slice()),
        Write::Fire(fire) => (&fire.run.entries, [].as_slice()),
        Write::Import(run) => (&run.entries, run.fields.as_slice()),
        Write::Act(act) => return act.write.as_ref().map_or(0, bytes),
        _ => return 0,
    };
    of_entries(entries) + fields.iter().map(|field| field.value.bytes.len()).sum::<usize>()
}
