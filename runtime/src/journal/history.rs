//! A run's journal, for people and programs.

use crate::record::Kind;
use crate::store::{EntryRow, FieldRow};
use crate::value::Value;
use serde::Serialize;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One entry of a run's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The number of the entry in the run, from 1, without gaps.
    pub seq: u64,
    /// The time at which it was appended.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The kind of the event.
    pub kind: Kind,
    /// The entry in whose turn the workflow did this; `None` if the workflow did not do it.
    pub cause: Option<u64>,
    /// The command index of the call to which it belongs.
    pub position: Option<u64>,
    /// The name of the step, workflow or context.
    pub name: Option<String>,
    /// The attempt of the step.
    pub attempt: Option<u32>,
    /// The entry whose context the step saw.
    pub context: Option<u64>,
    /// The due time, if there is one.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub due: Option<SystemTime>,
    /// The arguments, the result, the error or the reason, depending on `kind`.
    pub value: Option<Value>,
    /// The other run that it concerns, or other data depending on `kind`.
    pub other: Option<String>,
    /// The context fields that it wrote, with their new values.
    pub fields: Vec<(String, Value)>,
}

impl HistoryEntry {
    pub(crate) fn from_rows(entries: Vec<EntryRow>, fields: Vec<FieldRow>) -> Vec<Self> {
        let moment = |millis: i64| UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        let mut fields = fields.into_iter().peekable();
        let entry = |row: EntryRow| {
            let mut written = Vec::new();
            while let Some(field) = fields.next_if(|field| field.seq <= row.seq) {
                written.push((field.name, field.value));
            }
            let writes_fields = row.writes_fields();
            Self {
                seq: row.seq,
                at: moment(row.at),
                kind: row.kind,
                cause: row.cause,
                position: row.position,
                name: row.name,
                attempt: row.attempt,
                context: row.context.filter(|_| !writes_fields),
                due: row.due.map(moment),
                value: row.value,
                other: row.other,
                fields: written,
            }
        };
        entries.into_iter().map(entry).collect()
    }
}

/// One line: number, kind, and the data present.
impl fmt::Display for HistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5} {}", self.seq, self.kind.as_str())?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        if let Some(position) = self.position {
            write!(f, " @{position}")?;
        }
        if let Some(attempt) = self.attempt {
            write!(f, " attempt {attempt}")?;
        }
        match (&self.fields[..], &self.value) {
            ([], Some(value)) => write!(f, " {value}"),
            (fields, _) => fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value}")),
        }
    }
}
