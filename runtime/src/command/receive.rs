//! Waits for a message.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// Waits for a message on a channel.
#[derive(Debug)]
pub struct Receive<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The end of the wait, on the run's monotonic clock; in an entry, in its recorded form.
    pub due: Option<i64>,
}

impl<'a> Receive<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        Some(Self { channel: entry.name.as_deref()?, due: entry.due })
    }
}

impl Ask for Receive<'_> {
    fn kind(&self) -> Kind {
        Kind::ReceiveStarted
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[Kind::MessageReceived, Kind::EventSent, Kind::TimerFired]
    }

    fn given(&self) -> Option<&Given<'_>> {
        None
    }

    fn due(&self) -> Option<Due> {
        self.due.map(Due::Elapsed)
    }

    fn to_entry(&self, _: &At<'_>, entry: &mut EntryRow) {
        entry.name = Some(self.channel.to_owned());
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl PartialEq<Receive<'_>> for Receive<'_> {
    fn eq(&self, asked: &Receive<'_>) -> bool {
        self.channel == asked.channel
    }
}

impl fmt::Display for Receive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a wait for a message `{}`", self.channel)
    }
}
