//! Closes a stream.

use super::{Ask, At, Due, Given};
use crate::record::{Kind, OutputKind};
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// Closes a stream.
#[derive(Debug, PartialEq)]
pub struct CloseStream<'a> {
    /// The name of the stream.
    pub stream: &'a str,
}

impl<'a> CloseStream<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        Some(Self { stream: entry.name.as_deref()? })
    }
}

impl Ask for CloseStream<'_> {
    fn kind(&self) -> Kind {
        Kind::StreamClosed
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
        Some(Outgoing::Put { channel: OutputKind::Closed(self.stream).channel(), seq: at.seq, value: None })
    }
}

impl fmt::Display for CloseStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream `{}` closed", self.stream)
    }
}
