//! The reasons for which every database refuses a write.

use super::{Append, NewRun, Outgoing, Write};
use crate::store::{EntryRow, FieldRow, ImportedRun, Status};
use crate::value::{Encoding, Value};
use std::collections::HashSet;

impl Write {
    /// Returns the reason why every database refuses this write, if there is one.
    pub(crate) fn flaw(&self) -> Option<String> {
        match self {
            Self::Start(run) => run.flaw(),
            Self::Append(append) | Self::AppendParked(append) => append.flaw(),
            Self::Import(run) => run.flaw(),
            Self::Fire(fire) => fire.run.flaw(),
            Self::PutSchedule(row) => not_text(Some(&row.input)),
            Self::Send(item) | Self::Answer { item, .. } | Self::FinishTask { item, .. } => {
                not_text(item.value.as_ref())
            }
            Self::Act(act) => act.write.as_ref().and_then(Self::flaw),
            _ => None,
        }
    }
}

impl NewRun {
    fn flaw(&self) -> Option<String> {
        if self.entries.is_empty() {
            return Some("a run has a first entry".to_owned());
        }
        flaw_of_rows(0, &self.entries, &[]).or_else(|| flaw_of_labels(&self.labels))
    }
}

impl Outgoing {
    fn flaw(&self) -> Option<String> {
        match self {
            Self::Deliver { item, .. } | Self::DeliverToWatched { item, .. } | Self::NotifyChildren(item) => {
                not_text(item.value.as_ref())
            }
            Self::Start { run, .. } => run.flaw().map(|flaw| format!("run `{}`: {flaw}", run.id)),
            Self::Ask(request) => not_text(Some(&request.value)),
            Self::Put { value, .. } => not_text(value.as_ref()),
            Self::Enqueue(task) => not_text(Some(&task.arguments)),
            Self::Replace(run) => run.flaw(),
            Self::Label { .. }
            | Self::Index { .. }
            | Self::Watch { .. }
            | Self::Withdraw { .. }
            | Self::Expire { .. }
            | Self::Dequeue { .. }
            | Self::Withhold { .. } => None,
        }
    }
}

impl Append {
    fn flaw(&self) -> Option<String> {
        let outgoing = || self.outgoing.iter().find_map(Outgoing::flaw);
        let flaw = flaw_of_rows(self.after, &self.entries, &self.fields).or_else(outgoing)?;
        Some(format!("run {}: {flaw}", self.run))
    }
}

impl ImportedRun {
    fn flaw(&self) -> Option<String> {
        let flaw = if self.entries.is_empty() {
            Some("it has no first entry".to_owned())
        } else if self.status != Status::Paused
            && self.lease.is_some()
            && !matches!(self.status, Status::Running | Status::Sleeping)
        {
            Some(format!("it is {}, and only a run that is running or sleeping belongs to a lease", self.status))
        } else if self.status == Status::Deleting {
            Some("it is being deleted".to_owned())
        } else {
            let item = || self.items.iter().find_map(|item| not_text(item.value.as_ref()));
            let labels = || flaw_of_labels(&self.labels);
            let output = || self.outputs.iter().find_map(|(_, output)| not_text(output.value.as_ref()));
            let request = || self.requests.iter().find_map(|request| not_text(Some(&request.value)));
            let rows = flaw_of_rows(0, &self.entries, &self.fields).or_else(item).or_else(output);
            let indexed = || flaw_of_indexed(&self.indexed);
            rows.or_else(request).or_else(labels).or_else(indexed)
        };
        flaw.map(|flaw| format!("run `{}`: {flaw}", self.id))
    }
}

fn flaw_of_rows(after: u64, entries: &[EntryRow], fields: &[FieldRow]) -> Option<String> {
    let mut last = after;
    for entry in entries {
        if entry.seq != last + 1 {
            return Some(format!("entry {} cannot follow entry {last}", entry.seq));
        }
        last = entry.seq;
        if let Some(flaw) = not_text(entry.value.as_ref()) {
            return Some(flaw);
        }
    }
    let mut written = HashSet::new();
    for field in fields {
        if field.seq <= after || field.seq > last {
            return Some(format!("field `{}` names entry {}, which is not one of these", field.name, field.seq));
        }
        if !written.insert((field.seq, &field.name)) {
            return Some(format!("field `{}` is written twice by entry {}", field.name, field.seq));
        }
        if let Some(flaw) = not_text(Some(&field.value)) {
            return Some(flaw);
        }
    }
    None
}

fn flaw_of_labels(labels: &[(String, String)]) -> Option<String> {
    let mut names = HashSet::new();
    let twice = labels.iter().find(|(name, _)| !names.insert(name));
    twice.map(|(name, _)| format!("it has two labels `{name}`"))
}

fn flaw_of_indexed(indexed: &[(String, String)]) -> Option<String> {
    let mut names = HashSet::new();
    let twice = indexed.iter().find(|(name, _)| !names.insert(name));
    twice.map(|(name, _)| format!("it has two values of the indexed field `{name}`"))
}

fn not_text(value: Option<&Value>) -> Option<String> {
    let value = value.filter(|value| value.encoding == Encoding::Json)?;
    std::str::from_utf8(&value.bytes).err().map(|error| format!("a value in JSON form is not text: {error}"))
}
