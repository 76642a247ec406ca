//! The records in the file of a run: the rows of the run without their values, whose bytes follow each.

use crate::engine::shown::CopiedOutput;
use crate::record::{InboxKind, Kind};
use crate::store::{EntryRow, FieldRow, InboxRow, NewInboxItem, OutputRow, RequestRow, Status, TakenItem};
use crate::value::{Form, Pointer, Value};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One record. The first is the run; the contents of field stores come last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Run(RunRecord),
    Entry(EntryRecord),
    Field(FieldRecord),
    Item(ItemRecord),
    Taken(TakenRecord),
    Request(RequestRecord),
    Output(OutputRecord),
    Content(ContentRecord),
}

/// The run, as it stands without its owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::engine) struct RunRecord {
    /// Whether it ended where it was when this was written: then this is the only one.
    pub(in crate::engine) moved: bool,
    pub(in crate::engine) database: String,
    pub(in crate::engine) id: String,
    pub(in crate::engine) workflow: String,
    /// A file that was written before there were versions says none.
    #[serde(default = "first_version")]
    pub(in crate::engine) version: u32,
    pub(super) status: String,
    pub(in crate::engine) wake_at: Option<i64>,
    pub(in crate::engine) parked: Option<String>,
    pub(in crate::engine) incarnation: [u8; 16],
    pub(in crate::engine) seed: [u8; 16],
    pub(in crate::engine) created_at: i64,
    /// Its deduplication key; a copy does not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) dedup: Option<String>,
    /// The names and values by which it can be found. A file of format 1 says only those that its start was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) labels: Option<Vec<(String, String)>>,
    pub(super) entries: u64,
    pub(super) fields: u64,
    pub(super) items: u64,
    #[serde(default)]
    pub(super) taken: u64,
    #[serde(default)]
    pub(super) requests: u64,
    #[serde(default)]
    pub(super) outputs: u64,
    pub(super) contents: u64,
}

fn first_version() -> u32 {
    1
}

impl RunRecord {
    /// `None` if this version does not know the word.
    pub(in crate::engine) fn status(&self) -> Option<Status> {
        Status::parse(&self.status)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EntryRecord {
    seq: u64,
    pub(super) format: u16,
    kind: String,
    cause: Option<u64>,
    at: i64,
    position: Option<u64>,
    name: Option<String>,
    attempt: Option<u32>,
    context: Option<u64>,
    due: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    other: Option<String>,
    value: Option<Raw>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FieldRecord {
    seq: u64,
    pub(super) format: u16,
    name: String,
    value: Raw,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ItemRecord {
    kind: String,
    key: Option<String>,
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sender: Option<String>,
    value: Option<Raw>,
}

/// The key of something that has come to the run and was taken.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TakenRecord {
    kind: String,
    key: String,
    at: i64,
}

/// A question of the run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RequestRecord {
    id: String,
    position: u64,
    name: String,
    answer: String,
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<i64>,
    /// The hash of the answer, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered: Option<String>,
    value: Raw,
}

/// Something that the run has shown.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OutputRecord {
    channel: String,
    /// The entry that wrote it; 0 if it is none of these.
    seq: u64,
    at: i64,
    /// For which incarnation its secrets are sealed, if not for that of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed_for: Option<[u8; 16]>,
    value: Option<Raw>,
}

/// The content of a field store that a pointer names; as many bytes as that says follow.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ContentRecord {
    pub(super) pointer: Pointer,
}

/// The form of a value, and how many bytes follow the record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Raw {
    form: String,
    bytes: u64,
}

impl Raw {
    fn of(value: &Value) -> Self {
        Self { form: value.form.as_str().to_owned(), bytes: value.bytes.len() as u64 }
    }

    fn value(&self, bytes: Bytes) -> Option<Value> {
        Some(Value { form: Form::parse(&self.form)?, bytes })
    }
}

impl Record {
    pub(super) fn entry(row: &EntryRow) -> Self {
        Self::Entry(EntryRecord {
            seq: row.seq,
            format: row.format,
            kind: row.kind.as_str().to_owned(),
            cause: row.cause,
            at: row.at,
            position: row.position,
            name: row.name.clone(),
            attempt: row.attempt,
            context: row.context,
            due: row.due,
            other: row.other.clone(),
            value: row.value.as_ref().map(Raw::of),
        })
    }

    pub(super) fn field(row: &FieldRow) -> Self {
        let (name, value) = (row.name.clone(), Raw::of(&row.value));
        Self::Field(FieldRecord { seq: row.seq, format: row.format, name, value })
    }

    pub(super) fn item(row: &InboxRow) -> Self {
        let value = row.value.as_ref().map(Raw::of);
        Self::Item(ItemRecord {
            kind: row.kind.as_str().to_owned(),
            key: row.key.clone(),
            at: row.at,
            name: row.name.clone(),
            position: row.position,
            sender: row.sender.clone(),
            value,
        })
    }

    pub(super) fn taken(item: &TakenItem) -> Self {
        let TakenItem { kind, key, at } = item.clone();
        Self::Taken(TakenRecord { kind: kind.as_str().to_owned(), key, at })
    }

    pub(super) fn request(row: &RequestRow) -> Self {
        Self::Request(RequestRecord {
            id: row.id.clone(),
            position: row.position,
            name: row.name.clone(),
            answer: row.answer.clone(),
            at: row.at,
            due: row.due,
            answered: row.answered.clone().filter(|_| !row.is_moved()),
            value: Raw::of(&row.value),
        })
    }

    pub(super) fn output(output: &CopiedOutput) -> Self {
        let CopiedOutput { channel, row, sealed_for } = output;
        let (seq, at, value) = (row.seq, row.at, row.value.as_ref().map(Raw::of));
        Self::Output(OutputRecord { channel: channel.clone(), seq, at, sealed_for: *sealed_for, value })
    }

    /// How many bytes of a value follow the record; those of a content may be passed over.
    pub(super) fn raw(&self) -> u64 {
        match self {
            Self::Run(_) | Self::Content(_) | Self::Taken(_) => 0,
            Self::Request(request) => request.value.bytes,
            Self::Output(output) => output.value.as_ref().map_or(0, |raw| raw.bytes),
            Self::Entry(entry) => entry.value.as_ref().map_or(0, |raw| raw.bytes),
            Self::Field(field) => field.value.bytes,
            Self::Item(item) => item.value.as_ref().map_or(0, |raw| raw.bytes),
        }
    }
}

impl EntryRecord {
    /// `None` if this version does not know a word of it.
    pub(super) fn row(self, bytes: Bytes) -> Option<EntryRow> {
        Some(EntryRow {
            seq: self.seq,
            format: self.format,
            kind: Kind::parse(&self.kind)?,
            cause: self.cause,
            at: self.at,
            position: self.position,
            name: self.name,
            attempt: self.attempt,
            context: self.context,
            due: self.due,
            other: self.other,
            value: match self.value {
                Some(raw) => Some(raw.value(bytes)?),
                None => None,
            },
        })
    }
}

impl FieldRecord {
    /// `None` if this version does not know a word of it.
    pub(super) fn row(self, bytes: Bytes) -> Option<FieldRow> {
        Some(FieldRow { seq: self.seq, format: self.format, name: self.name, value: self.value.value(bytes)? })
    }
}

impl ItemRecord {
    /// `None` if this version does not know a word of it.
    pub(super) fn item(self, bytes: Bytes) -> Option<NewInboxItem> {
        let value = match self.value {
            Some(raw) => Some(raw.value(bytes)?),
            None => None,
        };
        let Self { kind, key, at, name, position, sender, .. } = self;
        let kind = InboxKind::from_word(&kind);
        Some(NewInboxItem { run: 0, kind, key, at, name, position, sender, value })
    }
}

impl TakenRecord {
    pub(super) fn item(self) -> TakenItem {
        let Self { kind, key, at } = self;
        TakenItem { kind: InboxKind::from_word(&kind), key, at }
    }
}

impl RequestRecord {
    /// `None` if this version does not know a word of it.
    pub(super) fn row(self, bytes: Bytes) -> Option<RequestRow> {
        let Self { id, position, name, answer, at, due, answered, value } = self;
        Some(RequestRow { id, run: 0, position, name, answer, at, due, answered, value: value.value(bytes)? })
    }
}

impl OutputRecord {
    /// `None` if this version does not know a word of it.
    pub(super) fn output(self, bytes: Bytes) -> Option<CopiedOutput> {
        let value = match self.value {
            Some(raw) => Some(raw.value(bytes)?),
            None => None,
        };
        let row = OutputRow { item: 0, run: 0, seq: self.seq, at: self.at, value };
        Some(CopiedOutput { channel: self.channel, row, sealed_for: self.sealed_for })
    }
}
