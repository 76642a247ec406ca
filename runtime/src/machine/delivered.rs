//! Deliveries of entries, and the calls that they complete.

use super::state::State;
use crate::journal::{Completion, SENT};
use crate::record::Delivers;
use crate::store::{EntryRow, Status};
use crate::value::Value;
use std::task::Waker;

/// The content of a delivery.
pub(super) enum Delivered {
    /// No completion of a call: the body starts, or the run is ended early.
    Nothing,
    /// A completion for the call with a command index.
    Call(u64, Completion),
    /// A message; the call that waits on its channel is not recorded.
    Message { channel: String, value: Value },
    /// The answer to a request; the command index is that of the request, if known.
    Answer { id: String, position: Option<u64>, value: Value },
    /// The end of the time for the answer to a kept request.
    Expired { id: String },
}

impl Delivered {
    /// Returns the delivery of an entry; `None` if it is for a call and incomplete.
    pub(super) fn of(entry: &EntryRow) -> Option<Self> {
        let value = || entry.value.clone();
        let text = || entry.value.as_ref().and_then(|value| serde_json::from_slice(&value.bytes).ok());
        let refused = || Completion::Refused(text().unwrap_or_default());
        let completion = match entry.kind.delivers() {
            Delivers::Nothing | Delivers::Start | Delivers::Cancel | Delivers::Deadline => return Some(Self::Nothing),
            // Delivered without a call in the entry; an incomplete entry delivers nothing.
            Delivers::Message => return Some(Self::message(entry.name.as_deref(), entry).unwrap_or(Self::Nothing)),
            Delivers::Event => return Some(Self::message(Some(SENT), entry).unwrap_or(Self::Nothing)),
            Delivers::Answer => return Some(Self::answer(entry).unwrap_or(Self::Nothing)),
            Delivers::Expiry => {
                return Some(entry.other.clone().map_or(Self::Nothing, |id| Self::Expired { id }));
            }
            Delivers::Result => Completion::Completed(value()?),
            Delivers::Failure => Completion::Failed(value()?),
            Delivers::Time => Completion::Fired,
            Delivers::Arrival => Completion::Delivered,
            Delivers::Refusal => refused(),
            Delivers::ChildEnd => match entry.name.as_deref().and_then(Status::parse) {
                Some(status) => Completion::Ended { status, value: value() },
                // The run never started.
                None => refused(),
            },
        };
        Some(Self::Call(entry.position?, completion))
    }

    fn message(channel: Option<&str>, entry: &EntryRow) -> Option<Self> {
        Some(Self::Message { channel: channel?.to_owned(), value: entry.value.clone()? })
    }

    fn answer(entry: &EntryRow) -> Option<Self> {
        Some(Self::Answer { id: entry.other.clone()?, position: entry.position, value: entry.value.clone()? })
    }

    /// Gives the delivery to the waiting call, or keeps it for a later one.
    pub(super) fn deliver(self, state: &mut State) -> Option<Waker> {
        match self {
            Self::Nothing => None,
            Self::Call(position, completion) => state.complete(position, completion),
            Self::Message { channel, value } => state.message(&channel, value),
            Self::Answer { id, position, value } => state.answer(&id, position, value),
            Self::Expired { id } => state.request_expired(id),
        }
    }
}
