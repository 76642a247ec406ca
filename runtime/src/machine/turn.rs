//! One turn: the commands of the body while one entry is delivered, recorded as one group or compared with the recorded
//! one.

use super::outgoing::Sent;
use crate::command::{At, Command};
use crate::record::{FORMAT, Kind};
use crate::store::{EntryRow, FieldRow};
use crate::value::Value;
use std::collections::VecDeque;

/// An open turn.
pub(super) enum Turn {
    /// The first time: what the body does is recorded.
    Live(Group),
    /// A replay: what the body does is compared.
    Replay {
        /// The entry that is delivered.
        cause: u64,
        /// The recorded commands.
        group: VecDeque<EntryRow>,
        /// The field values that they wrote.
        fields: VecDeque<FieldRow>,
    },
}

/// The commands of the body in a live turn.
pub(super) struct Group {
    cause: u64,
    at: i64,
    tail: u64,
    pub(super) entries: Vec<EntryRow>,
    pub(super) fields: Vec<FieldRow>,
    /// The writes beyond the run's own rows.
    pub(super) outgoing: Vec<Sent>,
    /// The command indexes of steps that were started, in order.
    pub(super) started: Vec<u64>,
    /// The command indexes of calls that were dropped in flight.
    pub(super) abandoned: Vec<u64>,
}

impl Turn {
    pub(super) fn first_time(cause: u64, tail: u64, at: i64) -> Self {
        let (entries, fields, outgoing) = (Vec::new(), Vec::new(), Vec::new());
        Self::Live(Group { cause, at, tail, entries, fields, outgoing, started: Vec::new(), abandoned: Vec::new() })
    }

    pub(super) fn live(&mut self) -> Option<&mut Group> {
        if let Self::Live(group) = self { Some(group) } else { None }
    }

    /// Takes the next recorded entry; `None` in a live turn, the cause's number if nothing more was recorded.
    pub(super) fn next_recorded(&mut self) -> Option<Result<EntryRow, u64>> {
        match self {
            Self::Live(_) => None,
            Self::Replay { cause, group, .. } => Some(group.pop_front().ok_or(*cause)),
        }
    }

    /// Takes the values that an entry wrote; entries must be requested in order.
    pub(super) fn take_fields(&mut self, seq: u64) -> Vec<FieldRow> {
        let Self::Replay { fields, .. } = self else { return Vec::new() };
        let count = fields.iter().take_while(|row| row.seq <= seq).count();
        fields.drain(..count).filter(|row| row.seq == seq).collect()
    }
}

impl Group {
    /// Records an entry of this turn and returns its number.
    pub(super) fn record(&mut self, kind: Kind, fill: impl FnOnce(&mut EntryRow)) -> u64 {
        self.tail += 1;
        let mut entry = entry(self.tail, kind, self.at);
        entry.cause = Some(self.cause);
        fill(&mut entry);
        self.entries.push(entry);
        self.tail
    }

    /// Records a command of the body.
    pub(super) fn record_command<S, R>(&mut self, command: &Command<'_, S, R>, at: &mut At<'_>, value: Option<Value>) {
        at.seq = self.tail + 1;
        self.record(command.kind(), |entry| command.to_entry(at, value, entry));
    }

    /// Records a command together with its outgoing write.
    pub(super) fn command<S, R>(&mut self, command: &Command<'_, S, R>, at: &mut At<'_>, value: Option<Value>) {
        self.record_command(command, at, value);
        self.outgoing.extend(command.outgoing(at).map(|outgoing| Sent::of_call(at.position, outgoing)));
    }

    /// Returns the number of the last entry.
    pub(super) const fn tail(&self) -> u64 {
        self.tail
    }

    pub(super) fn write_fields(&mut self, seq: u64, values: Vec<(&'static str, Value)>) {
        let rows = values.into_iter().map(|(name, value)| FieldRow { seq, format: FORMAT, name: name.into(), value });
        self.fields.extend(rows);
    }
}

/// Returns an entry with only number, kind and time set.
pub(crate) fn entry(seq: u64, kind: Kind, at: i64) -> EntryRow {
    EntryRow {
        seq,
        format: FORMAT,
        kind,
        cause: None,
        at,
        position: None,
        name: None,
        attempt: None,
        context: None,
        due: None,
        value: None,
        other: None,
    }
}

/// Returns the first entry of a run.
pub(crate) fn first_entry(workflow: &str, input: Value, at: i64) -> EntryRow {
    EntryRow { name: Some(workflow.to_owned()), value: Some(input), ..entry(1, Kind::RunStarted, at) }
}
