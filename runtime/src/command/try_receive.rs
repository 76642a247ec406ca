//! Takes a message if one has arrived.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// Takes a message if one has arrived.
#[derive(Debug, PartialEq)]
pub struct TryReceive<'a> {
    /// The channel.
    pub channel: &'a str,
    /// Whether there was one.
    pub found: bool,
}

impl<'a> TryReceive<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        let found = match entry.attempt? {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(Self { channel: entry.name.as_deref()?, found })
    }
}

impl Ask for TryReceive<'_> {
    fn kind(&self) -> Kind {
        Kind::MessageTried
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
        entry.name = Some(self.channel.to_owned());
        entry.attempt = Some(u32::from(self.found));
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl fmt::Display for TryReceive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = if self.found { "one was there" } else { "none was there" };
        write!(f, "a look for a message `{}`: {found}", self.channel)
    }
}
