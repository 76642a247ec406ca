//! What a run has beside its journal, and who needs it where it is.

use super::rows::RequestRow;
use crate::record::InboxKind;

/// What a run has in the database beyond its journal, its fields, its labels and what waits in its inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Belongings {
    /// The channels of its first run on which something was shown, in order of their names.
    pub channels: Vec<String>,
    /// The items that came to its inbox with a key and were taken, in order of their keys.
    pub taken: Vec<TakenItem>,
    /// Its questions, answered or not, in order of their ids.
    pub requests: Vec<RequestRow>,
    /// The unfinished runs that need to be in the same database as this one.
    pub bonds: Vec<Bond>,
}

/// The mark of an inbox item that was taken: another item with its key does not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenItem {
    /// What it was, as of [`InboxRow::kind`](super::InboxRow::kind).
    pub kind: InboxKind,
    /// The key with which it came.
    pub key: String,
    /// When it was sent, in milliseconds since 1970.
    pub at: i64,
}

/// An unfinished run that is bound to another one, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bond {
    /// The run whose cancellation reaches this one.
    Parent(i64),
    /// A run that this one's cancellation reaches.
    Child(i64),
    /// A run for whose end this one waits.
    Awaited(i64),
    /// A run that waits for the end of this one.
    Waiting(i64),
}
