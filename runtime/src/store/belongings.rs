//! The rows of a run beside its journal, and the runs bound to it.

use super::rows::RequestRow;
use crate::record::InboxKind;

/// The rows of a run beyond its journal, its fields, its labels and the items that wait in its inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Belongings {
    /// The channels of its first run that have outputs, in order of their names.
    pub channels: Vec<String>,
    /// The items that arrived in its inbox with a key and were taken, in order of their keys.
    pub taken: Vec<TakenItem>,
    /// Its requests, answered or not, in order of their ids.
    pub requests: Vec<RequestRow>,
    /// The unfinished runs that must be in the same database as this one.
    pub bonds: Vec<Bond>,
}

/// The mark of an inbox item that was taken: another item with its key does not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenItem {
    /// Its kind, as of [`InboxRow::kind`](super::InboxRow::kind).
    pub kind: InboxKind,
    /// The key that it had.
    pub key: String,
    /// The time at which it was sent, in milliseconds since 1970.
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
