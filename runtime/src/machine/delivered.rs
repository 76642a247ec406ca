//! What an entry delivers that came from outside.

use super::state::State;
use crate::journal::{Completion, SENT};
use crate::record::Kind;
use crate::store::{EntryRow, Status};
use crate::value::Value;
use std::task::Waker;

/// What an entry from outside delivers to the call at its position.
pub(super) fn outside(entry: &EntryRow) -> Option<Completion> {
    let text = || entry.value.as_ref().and_then(|value| serde_json::from_slice(&value.bytes).ok());
    match entry.kind {
        Kind::MessageDelivered => Some(Completion::Delivered),
        Kind::MessageRefused => Some(Completion::Refused(text().unwrap_or_default())),
        Kind::ChildEnded => Some(match entry.name.as_deref().and_then(Status::parse) {
            Some(status) => Completion::Ended { status, value: entry.value.clone() },
            None => Completion::Refused(text().unwrap_or_default()),
        }),
        _ => None,
    }
}

/// What comes without knowing the call that waits for it.
pub(super) enum Unasked {
    Message {
        channel: String,
        value: Value,
    },
    Answer {
        id: String,
        position: Option<u64>,
        value: Value,
    },
    /// The time for the answer to a kept request is over.
    Expired {
        id: String,
    },
}

impl Unasked {
    pub(super) fn of(entry: &EntryRow) -> Option<Self> {
        let value = || entry.value.clone();
        match entry.kind {
            Kind::MessageReceived => Some(Self::Message { channel: entry.name.clone()?, value: value()? }),
            Kind::EventSent => Some(Self::Message { channel: SENT.to_owned(), value: value()? }),
            Kind::RequestAnswered => {
                Some(Self::Answer { id: entry.other.clone()?, position: entry.position, value: value()? })
            }
            Kind::RequestExpired => Some(Self::Expired { id: entry.other.clone()? }),
            _ => None,
        }
    }

    /// Gives it to the call that waits, or keeps it for one to come.
    pub(super) fn deliver(self, state: &mut State) -> Option<Waker> {
        match self {
            Self::Message { channel, value } => state.message(&channel, value),
            Self::Answer { id, position, value } => state.answer(&id, position, value),
            Self::Expired { id } => state.request_expired(id),
        }
    }
}
