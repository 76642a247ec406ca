//! Writes an item to a stream.

use super::{Ask, At, Due, Given};
use crate::record::{Kind, OutputKind};
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::fmt;

/// Writes an item to a stream, for observers.
#[derive(Debug)]
pub struct WriteStream<'a> {
    /// The name of the stream.
    pub stream: &'a str,
    /// The item; not in the entry, and not compared.
    pub item: Option<Value>,
}

impl<'a> WriteStream<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        Some(Self { stream: entry.name.as_deref()?, item: None })
    }
}

impl Ask for WriteStream<'_> {
    fn kind(&self) -> Kind {
        Kind::StreamWritten
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[]
    }

    fn given(&self) -> Option<&Given<'_>> {
        None
    }

    fn due(&self) -> Option<Due> {
        None
    }

    fn to_entry(&self, _: &At<'_>, entry: &mut EntryRow) {
        entry.name = Some(self.stream.to_owned());
    }

    fn outgoing(&self, at: &At<'_>) -> Option<Outgoing> {
        Some(Outgoing::Put {
            channel: OutputKind::Written(self.stream).channel(),
            seq: at.seq,
            value: self.item.clone(),
        })
    }
}

impl PartialEq<WriteStream<'_>> for WriteStream<'_> {
    fn eq(&self, asked: &WriteStream<'_>) -> bool {
        self.stream == asked.stream
    }
}

impl fmt::Display for WriteStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an item written to stream `{}`", self.stream)
    }
}
