//! Publishes a value.

use super::{Ask, At, Due, Given};
use crate::record::{Kind, OutputKind};
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::fmt;

/// Publishes a value under a key, for observers.
#[derive(Debug)]
pub struct Publish<'a> {
    /// The key.
    pub key: &'a str,
    /// The value; not in the entry, and not compared.
    pub value: Option<Value>,
}

impl<'a> Publish<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        Some(Self { key: entry.name.as_deref()?, value: None })
    }
}

impl Ask for Publish<'_> {
    fn kind(&self) -> Kind {
        Kind::ValuePublished
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
        entry.name = Some(self.key.to_owned());
    }

    fn outgoing(&self, at: &At<'_>) -> Option<Outgoing> {
        Some(Outgoing::Put {
            channel: OutputKind::Published(self.key).channel(),
            seq: at.seq,
            value: self.value.clone(),
        })
    }
}

impl PartialEq<Publish<'_>> for Publish<'_> {
    fn eq(&self, asked: &Publish<'_>) -> bool {
        self.key == asked.key
    }
}

impl fmt::Display for Publish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "value `{}` published", self.key)
    }
}
