//! Sends a message to another run.

use super::{Ask, At, Due, Given};
use crate::record::{InboxKind, Kind};
use crate::store::{EntryRow, NewInboxItem, Outgoing};
use std::borrow::Cow;
use std::fmt;

/// Sends a message to another run.
#[derive(Debug)]
pub struct Send<'a> {
    /// The id of the other run; not in the entry of a refused message, since the id may be the reason.
    pub to: Option<Cow<'a, str>>,
    /// The channel.
    pub channel: &'a str,
    /// The message.
    pub message: Given<'a>,
}

impl<'a> Send<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        let message = Given::recorded(entry.value.as_ref());
        Some(Self { to: entry.other.as_deref().map(Cow::Borrowed), channel: entry.name.as_deref()?, message })
    }

    fn to(&self) -> &str {
        self.to.as_deref().unwrap_or("?")
    }

    /// Returns the error message for a message that cannot be stored.
    pub(crate) fn refused(&self) -> String {
        let why = self.message.refusal().unwrap_or_default();
        format!("message `{}` for run `{}` cannot be stored: {why}", self.channel, self.to())
    }
}

impl Ask for Send<'_> {
    fn kind(&self) -> Kind {
        Kind::MessageSent
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[Kind::MessageDelivered, Kind::MessageRefused]
    }

    fn given(&self) -> Option<&Given<'_>> {
        Some(&self.message)
    }

    fn due(&self) -> Option<Due> {
        None
    }

    fn to_entry(&self, at: &At<'_>, entry: &mut EntryRow) {
        entry.name = Some(self.channel.to_owned());
        entry.other = self.to.as_deref().filter(|_| !at.refused).map(str::to_owned);
    }

    fn outgoing(&self, at: &At<'_>) -> Option<Outgoing> {
        let item = NewInboxItem {
            // The key makes it arrive once, however often it is sent.
            key: Some(at.id()),
            name: Some(self.channel.to_owned()),
            sender: Some(at.run.id.clone()),
            value: Some(self.message.value()?.clone()),
            ..NewInboxItem::new(0, InboxKind::Message, at.now)
        };
        Some(Outgoing::Deliver { to: self.to.as_deref()?.to_owned(), item })
    }
}

impl PartialEq<Send<'_>> for Send<'_> {
    fn eq(&self, asked: &Send<'_>) -> bool {
        let is_refused = self.message.value().is_none();
        self.channel == asked.channel && (is_refused || self.to == asked.to) && self.message == asked.message
    }
}

impl fmt::Display for Send<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message `{}` sent to run `{}`: {}", self.channel, self.to(), self.message)
    }
}
